"""The forms of what can be done to an incident."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import User
from core import clock
from web.forms.choosing import LongSelect

_MORNING = time(9)
SNOOZES = [
    ("30m", "30 min"),
    ("1h", "1 hour"),
    ("4h", "4 hours"),
    ("morning", "Until 9:00"),
]
_LENGTHS = {"30m": timedelta(minutes=30), "1h": timedelta(hours=1), "4h": timedelta(hours=4)}


class SnoozeForm(forms.Form):
    """How long to leave people alone: one of four buttons."""

    span = forms.ChoiceField(choices=SNOOZES)

    def until(self) -> datetime:
        """The moment it ends; `morning` is the next 9:00 in the reader's zone."""
        length = _LENGTHS.get(self.cleaned_data["span"])
        now = clock.now()
        return now + length if length else next_morning(timezone.localtime(now))


def next_morning(local: datetime) -> datetime:
    """The next 9:00 by the wall clock of the given moment's zone."""
    day = local.date() if local.time() < _MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, _MORNING, tzinfo=local.tzinfo)


class NoteForm(forms.Form):
    """What somebody found out or decided."""

    text = forms.CharField(
        label="Note",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": "What did you find out or decide?"}),
    )


class ReassignForm(forms.Form):
    """Who is to have it instead."""

    person = forms.ModelChoiceField(
        queryset=User.objects.none(), empty_label="Choose a person", label="Give it to", widget=LongSelect
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.active().order_by("username").defer("password", "last_login", "created_at")
        field.label_from_instance = _shown_name  # type: ignore[method-assign, assignment]  # Django's documented way


def _shown_name(user: User) -> str:
    return user.shown_name


class MergeForm(forms.Form):
    """Which incident it is a part of."""

    into = forms.IntegerField(
        label="Number of the other incident",
        min_value=1,
        max_value=2**62,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "for example 118", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(_without_hash(data), **kwargs)


def _without_hash(data: Any) -> Any:
    """People write #118 as they read it."""
    if data is None:
        return None
    return {**data.dict(), "into": str(data.get("into", "")).strip().removeprefix("#")}


def action_forms() -> dict[str, forms.Form]:
    """Empty ones, for the page of an incident."""
    return {"snooze": SnoozeForm(), "note": NoteForm(), "reassign": ReassignForm(), "merge": MergeForm()}
