"""Who follows which news. A new follower is added here on purpose, by whoever writes it."""

from incidents.hooks import recorded, status_changed
from notifications.hooks import unreached

OF_STATUS_CHANGED = {
    "notifications.followers.take_back_pages",
    "notifications.followers.update_messages",
    "escalation.followers.start_or_stop",
    "alerts.followers.move_to_the_other",
    "alerts.followers.mute_again",
    "web.followers.tell_browsers",
}
OF_RECORDED = {
    "web.followers.tell_of_entry",
}
OF_UNREACHED = {
    "escalation.followers.go_on",
}


def test_the_followers_of_a_changed_status_are_these() -> None:
    assert set(status_changed.followers()) == OF_STATUS_CHANGED


def test_the_followers_of_an_unreached_person_are_these() -> None:
    assert set(unreached.followers()) == OF_UNREACHED


def test_the_followers_of_a_recorded_entry_are_these() -> None:
    assert set(recorded.followers()) == OF_RECORDED
