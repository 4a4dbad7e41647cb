"""What tests of alerts share: the door, open until the test ends."""

from collections.abc import Iterator

import pytest

from tests.alerts.doorstep import Doorstep


@pytest.fixture
def doorstep(transactional_db: None) -> Iterator[Doorstep]:
    """The door, in front of a database that commits."""
    with Doorstep() as doorstep:
        yield doorstep
