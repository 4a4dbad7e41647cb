"""What every change over the API promises: one of nothing there is does not pass for done."""

import pytest

from accounts.serializers import OwnIn, TeamIn, UserIn
from alerts.heartbeats.api import HeartbeatChange
from alerts.muting.serializers import RuleIn, SilenceIn, WindowIn
from alerts.serializers import IntegrationChange
from core.api import Amendment
from postmortems.serializers import ActionItemChange

EVERY = [OwnIn, UserIn, TeamIn, HeartbeatChange, RuleIn, SilenceIn, WindowIn, IntegrationChange, ActionItemChange]


@pytest.mark.parametrize("amendment", EVERY)
def test_a_change_of_no_field_there_is_says_so(amendment: type[Amendment]) -> None:
    wish = amendment(data={"colour": "red"}, partial=True)

    assert not wish.is_valid()
    assert list(wish.errors) == ["colour"]
    assert amendment(data={}, partial=True).is_valid()
