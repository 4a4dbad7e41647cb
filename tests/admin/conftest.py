"""People of each role, signed in to the admin."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, User
from tests.factories import a_user

As = Callable[[Role], Client]


@pytest.fixture
def signed_in(db: None) -> As:
    """A browser of somebody with this role. The same person each time."""

    def sign_in(role: Role) -> Client:
        user = User.objects.filter(username=f"the-{role}").first() or a_user(f"the-{role}", role=role)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def manager(signed_in: As) -> Client:
    return signed_in(Role.MANAGER)


@pytest.fixture
def admin(signed_in: As) -> Client:
    return signed_in(Role.ADMIN)
