"""The forms of silences and maintenance windows."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from alerts.models import Integration
from alerts.muting import silences, windows
from alerts.muting.models import MaintenanceWindow, Silence
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from catalog.models import Service
from core import clock, durations
from core.errors import Invalid
from web.forms.actions import next_morning
from web.forms.choosing import LongSelect

_HOW = 'One a line, as Alertmanager writes them: alertname="DiskFull", instance=~"db-.*", also != and !~.'
_KEEP = "as it is"
_SPANS = {
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
}
SPANS = [
    ("30m", "30 min"),
    ("1h", "1 hour"),
    ("4h", "4 hours"),
    ("morning", "Until 9:00"),
    ("1d", "1 day"),
    ("1w", "1 week"),
    ("until", "Until the moment below"),
]
REPEATS = [
    ("", "Once"),
    ("FREQ=DAILY", "Every day"),
    ("FREQ=WEEKLY", "Every week"),
    ("FREQ=MONTHLY", "Every month"),
    ("rule", "By the rule below"),
]


class MatchersField(forms.CharField):
    """Matchers, one a line, as they are kept."""

    def __init__(self, **more: Any) -> None:
        area = forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off", "placeholder": 'alertname="DiskFull"'}
        )
        super().__init__(**{"label": "Labels", "widget": area, "help_text": _HOW, "max_length": 20_000, **more})

    def clean(self, value: Any) -> list[str]:
        """Refuses what is none, in words."""
        text = super().clean(value)
        try:
            return silences.checked([text]) if text.strip() else []
        except Invalid as problem:
            raise forms.ValidationError(str(problem)) from None


def _moment(label: str, help_text: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


def _services(**more: Any) -> "forms.ModelChoiceField[Service]":
    return forms.ModelChoiceField(queryset=Service.objects.order_by("name"), required=False, widget=LongSelect, **more)


def _integrations(**more: Any) -> "forms.ModelChoiceField[Integration]":
    return forms.ModelChoiceField(
        queryset=Integration.objects.order_by("name"), required=False, widget=LongSelect, **more
    )


class SilenceForm(forms.Form):
    """What to mute, until when and why."""

    matchers = MatchersField()
    service = _services(label="Only of this service", empty_label="Every service")
    integration = _integrations(label="Only from this integration", empty_label="Every integration")
    span = forms.ChoiceField(label="For how long?", choices=SPANS, initial="1h", widget=forms.RadioSelect)
    ends_at = _moment("Until", "Only where you choose so above; in your time zone.")
    comment = forms.CharField(
        label="Why?",
        max_length=2000,
        widget=forms.TextInput(attrs={"placeholder": "Deploying, known and worked on", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, silence: Silence | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._silence = silence
        if silence is not None:
            span = self.fields["span"]
            assert isinstance(span, forms.ChoiceField)
            span.choices = [(_KEEP, "As it is"), *SPANS]

    def clean(self) -> dict[str, Any]:
        """A moment, where one was chosen."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("span") == "until" and "ends_at" in cleaned and cleaned["ends_at"] is None:
            self.add_error("ends_at", "Name the moment.")
        return cleaned

    def wish(self) -> SilenceWish:
        """What is asked for."""
        asked = self.cleaned_data
        was = self._silence
        return SilenceWish(
            matchers=asked["matchers"],
            ends_at=self._ends_at(),
            comment=asked["comment"],
            starts_at=was.starts_at if was is not None else None,
            service=asked["service"],
            integration=asked["integration"],
        )

    def _ends_at(self) -> datetime:
        span, now = self.cleaned_data["span"], clock.now()
        if span == _KEEP and self._silence is not None:
            return self._silence.ends_at
        if span == "morning":
            return next_morning(timezone.localtime(now))
        ends_at = self.cleaned_data["ends_at"]
        return ends_at if span == "until" else now + _SPANS[span]


def of_silence(silence: Silence) -> dict[str, Any]:
    """What the form shows of it."""
    return {
        "matchers": "\n".join(silence.matchers),
        "service": silence.service_id,
        "integration": silence.integration_id,
        "span": _KEEP,
        "ends_at": timezone.localtime(silence.ends_at),
        "comment": silence.comment,
    }


class WindowForm(forms.Form):
    """What is worked on, and when."""

    name = forms.CharField(
        label="What is planned?",
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Database update", "autocomplete": "off"}),
    )
    services = forms.ModelMultipleChoiceField(
        label="Services", queryset=Service.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
    )
    integrations = forms.ModelMultipleChoiceField(
        label="Integrations",
        queryset=Integration.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    matchers = MatchersField(required=False, help_text=f"Optional, to mute less. {_HOW}")
    starts = forms.DateTimeField(
        label="Begins",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Local time of the zone below. Empty: now.",
    )
    duration = forms.CharField(label="Lasts", initial="2h", max_length=20, help_text="For example 30m, 2h or 1d.")
    time_zone = forms.CharField(label="Time zone", max_length=64)
    repeat = forms.ChoiceField(label="How often?", choices=REPEATS, required=False)
    recurrence = forms.CharField(
        label="Rule",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": "FREQ=WEEKLY;BYDAY=SA,SU", "spellcheck": "false"}),
        help_text="Only where you choose so above: an RRULE of RFC 5545.",
    )
    comment = forms.CharField(label="Why?", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_duration(self) -> timedelta:
        """As people write it."""
        try:
            return durations.read(self.cleaned_data["duration"])
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None

    def wish(self, *, is_active: bool = True) -> WindowWish:
        """What is asked for. Raises Invalid."""
        asked = self.cleaned_data
        starts = asked["starts"]
        # Django took it for the reader's zone: what was written is the wall time of the window's own.
        local = timezone.localtime(starts).replace(tzinfo=None) if starts else windows.local_now(asked["time_zone"])
        return WindowWish(
            name=asked["name"],
            starts=local,
            duration=asked["duration"],
            time_zone=asked["time_zone"],
            recurrence=asked["recurrence"] if asked["repeat"] == "rule" else asked["repeat"],
            comment=asked["comment"],
            matchers=asked["matchers"],
            services=list(asked["services"]),
            integrations=list(asked["integrations"]),
            is_active=is_active,
        )


def of_window(window: MaintenanceWindow) -> dict[str, Any]:
    """What the form shows of it."""
    known = {value for value, _ in REPEATS}
    return {
        "name": window.name,
        "services": [each.pk for each in window.services.all()],
        "integrations": [each.pk for each in window.integrations.all()],
        "matchers": "\n".join(window.matchers),
        "starts": window.starts,
        "duration": durations.write(window.duration),
        "time_zone": window.time_zone,
        "repeat": window.recurrence if window.recurrence in known else "rule",
        "recurrence": window.recurrence,
        "comment": window.comment,
    }
