"""What tests of alerts share: the door, open until the test ends."""

from collections.abc import Iterator

import pytest

from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service


@pytest.fixture
def doorstep(transactional_db: None) -> Iterator[Doorstep]:
    """The door, in front of a database that commits."""
    with Doorstep() as doorstep:
        yield doorstep


@pytest.fixture
def prometheus(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "alertmanager", service=a_service("checkout"), name="prometheus")


@pytest.fixture
def pagerduty(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "pagerduty", service=a_service("checkout"), name="night check")
