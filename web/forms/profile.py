"""What people may change about themselves."""

from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError

_REGIONS = ("UTC", "Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/", "Indian/")


class ZoneForm(forms.Form):
    """The zone in which times are shown. Schedules have their own."""

    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        help_text="Times on these pages are shown in it. Hand-offs follow the schedule's own zone.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_time_zone(self) -> str:
        """Only a name that this machine knows."""
        name = str(self.cleaned_data["time_zone"])
        if name not in available_timezones():
            raise ValidationError("No such zone. Use a name like Europe/Berlin.")
        return name


def zones() -> list[str]:
    """Names to choose from, in order."""
    return sorted(name for name in available_timezones() if name.startswith(_REGIONS))
