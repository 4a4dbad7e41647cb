"""Parts of the admin's forms that several apps need: durations, time zones, and rows whose order matters."""

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Model
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from core import durations

# No rotation or rule list is so long that its rows could meet those that are being moved out of the way.
_ASIDE, _APART = 10_000, 20_000


class DurationField(forms.Field):
    """A duration as people write it: `5m`, `1h 30m`."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **kwargs: Any) -> None:
        # Those are what Django passes for a model's field, and no business of a duration.
        kwargs.pop("widget", None)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """For the input."""
        return durations.write(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        """From the input."""
        if value in self.empty_values:
            return None
        if isinstance(value, timedelta):
            return value
        try:
            return durations.read(str(value))
        except ValueError as problem:
            raise ValidationError(str(problem), code="invalid") from None


def time_zone_field(**kwargs: Any) -> forms.ChoiceField:
    """Choose an IANA time zone by typing a part of its name."""
    zones = sorted(available_timezones() - {"localtime", "Factory"})
    return forms.ChoiceField(
        choices=[("", "Choose"), *((zone, zone.replace("_", " ")) for zone in zones)],
        widget=UnfoldAdminSelect2Widget(),
        **kwargs,
    )


class OrderedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """One row of an ordered list; its place is settled by the list, so two may trade places."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False

    def _get_validation_exclusions(self) -> set[str]:
        return {*super()._get_validation_exclusions(), "position"}  # type: ignore[misc]  # Django's own, untyped


class OrderedRows(PaginationInlineFormSet):  # type: ignore[misc]  # unfold publishes no types
    """Rows under a thing, renumbered from 1 in the order they were given; a row without a number goes last.

    `numbered_within` names fields that part the rows into lists of their own.
    """

    numbered_within: tuple[str, ...] = ()

    def save(self, commit: bool = True) -> list[Model]:
        """Save what changed and number all rows anew, without two ever having the same place."""
        if not commit:
            saved: list[Model] = super().save(commit=False)
            return saved
        with transaction.atomic():
            self.model.objects.filter(**{self.fk.name: self.instance}).update(position=F("position") + _ASIDE)
            rows = self.kept_forms()
            for index, form in enumerate(rows):
                form.instance.position = _APART + index
            saved = super().save()
            for place, form in self._places(rows):
                form.instance.position = place
                self.model.objects.filter(pk=form.instance.pk).update(position=place)
        return saved

    def kept_forms(self) -> list[Any]:
        """The rows that will be, in the order wished."""
        kept = [
            form
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed()) and form.is_valid()
        ]
        return sorted(kept, key=lambda form: (form.cleaned_data.get("position") is None, _wished(form)))

    def _places(self, rows: list[Any]) -> list[tuple[int, Any]]:
        counts: dict[tuple[Any, ...], int] = {}
        places = []
        for form in rows:
            group = tuple(getattr(form.instance, name) for name in self.numbered_within)
            counts[group] = counts.get(group, 0) + 1
            places.append((counts[group], form))
        return places


def _wished(form: Any) -> int:
    return int(form.cleaned_data.get("position") or 0)
