"""A process may be killed at any instruction: every page arrives, at most one duplicate for each kill."""

from collections.abc import Iterator

import pytest

from tests.chaos.kills import POINTS, Chaos

pytestmark = [pytest.mark.chaos, pytest.mark.stack, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    with Chaos(tmp_path_factory.mktemp("chaos")) as chaos:
        yield chaos


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_no_page(chaos: Chaos, point: str) -> None:
    tally = POINTS[point](chaos, 1)

    assert tally.kills == 1
    assert tally.lost == []
    assert tally.duplicates <= 1
