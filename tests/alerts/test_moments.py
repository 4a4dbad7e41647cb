"""Points in time as monitoring systems write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.parsing.moments import moment

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.000000000Z",
        "2026-03-01T14:00:00+02:00",
        "2026-03-01T14:00:00.000+0200",
        "2026-03-01T12:00:00.0000000Z",
        "2026-03-01T13:00:00+01.00",
        "2026-03-01 12:00:00 UTC",
        "2026-03-01 12:00:00",
        "Sun, 01 Mar 2026 12:00:00 GMT",
        "1772366400",
        1772366400,
        1772366400.0,
        1772366400000,
        "1772366400000",
        1772366400000000,
        1772366400000000000,
    ],
)
def test_the_same_noon_in_many_ways(written: object) -> None:
    assert moment(written, now=NOW) == NOON


@pytest.mark.parametrize(
    "written",
    [None, "", 0, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1999-12-31T23:59:59Z", "2037-01-01T00:00:00Z",
     "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-03-01T25:00:00Z", "2026-03-01T12:00:00+99:00",
     "$TIME", "soon", True, [], {}, float("nan"), float("inf"), -1e300, 10**400],
)  # fmt: skip
def test_what_is_no_sensible_point_in_time_is_none(written: object) -> None:
    assert moment(written, now=NOW) is None


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.lists(st.integers(), max_size=2)))
def test_nothing_makes_it_fail(written: object) -> None:
    found = moment(written, now=NOW)

    assert found is None or found.tzinfo is UTC
