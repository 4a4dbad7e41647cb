"""Clients of the API, each with a key of its own."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import Role, Scope, User
from tests.factories import a_user

ApiClient = Callable[..., Client]
_handler = Client().handler


@pytest.fixture
def api(db: None) -> ApiClient:
    """A client whose key belongs to somebody with this role, and has this scope."""

    def client(role: Role = Role.ADMIN, scope: Scope = Scope.ADMIN, user: User | None = None) -> Client:
        owner = user or a_user(role=role)
        _, key = api_keys.create(name=f"{owner.username} {scope}", user=owner, scope=scope)
        made = Client(headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        made.handler = _handler  # loads the middleware once for all tests
        return made

    return client
