"""People with different roles, and browsers that are signed in as them."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, User
from tests import factories

SignIn = Callable[[User], Client]


@pytest.fixture
def signed_in(db: None) -> SignIn:
    """A browser of this person."""

    def browser(user: User) -> Client:
        client = Client(enforce_csrf_checks=False)
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def ada(db: None) -> User:
    """A responder in Berlin."""
    return factories.a_user("ada", time_zone="Europe/Berlin")


@pytest.fixture
def viewer(db: None) -> User:
    """Somebody who may look and not touch."""
    return factories.a_user("vera", role=Role.VIEWER)


@pytest.fixture
def browser(signed_in: SignIn, ada: User) -> Client:
    """Ada's."""
    return signed_in(ada)
