"""The form of a policy in the admin: its name, its team, and its steps with their targets."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelect2MultipleWidget

from accounts.admin_forms import DurationField
from accounts.models import Team, User
from core.errors import Invalid
from escalation.models import Policy, Target
from escalation.policies import MOST_REPEATS, MOST_STEPS, StepDraft, check, current_version
from oncall.models import Schedule

_KINDS: dict[str, type[User] | type[Schedule] | type[Team]] = {"user": User, "schedule": Schedule, "team": Team}


def _choices() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield "On call in", [(f"schedule:{each.pk}", each.name) for each in Schedule.objects.order_by("name")]
    yield "People", [(f"user:{each.pk}", each.username) for each in User.objects.active().order_by("username")]
    yield "Everyone of", [(f"team:{each.pk}", f"team {each.name}") for each in Team.objects.order_by("name")]


def _named(target: Target) -> str:
    found = {"user": target.user_id, "schedule": target.schedule_id, "team": target.team_id}
    return next(f"{kind}:{pk}" for kind, pk in found.items() if pk is not None)


class _ChooseMany(UnfoldAdminSelect2MultipleWidget):  # type: ignore[misc]  # unfold publishes no types
    """Several of a list. Unfold's own class would also make Django's script ask a server for the list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attrs["class"] = "unfold-admin-autocomplete"


class StepForm(forms.Form):
    """One step: page these, then wait."""

    targets = forms.MultipleChoiceField(choices=_choices, required=False, label="Page", widget=_ChooseMany())
    wait = DurationField(initial="5m", required=False, label="then wait", help_text="For example 5m, 90s, 1h.")

    def clean(self) -> dict[str, Any]:
        """A step that pages somebody waits so long; a row that names nobody is none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("targets") and cleaned.get("wait") is None and "wait" not in self.errors:
            self.add_error("wait", "Say how long to wait for an answer, for example 5m.")
        return cleaned

    def draft(self) -> StepDraft:
        """What it says."""
        named = [name.split(":") for name in self.cleaned_data["targets"]]
        targets = [_KINDS[kind].objects.get(pk=pk) for kind, pk in named]
        return StepDraft(targets=targets, wait=self.cleaned_data["wait"] or timedelta())


StepForms = formset_factory(StepForm, extra=2, can_order=True, can_delete=True, max_num=MOST_STEPS, validate_max=True)


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A policy with the steps of its current version, which are the next one when it is saved."""

    repeat = forms.IntegerField(
        min_value=0,
        max_value=MOST_REPEATS,
        initial=0,
        label="Further passes",
        help_text="How often the steps begin again where nobody answered.",
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    class Meta:
        model = Policy
        fields = ["name", "team"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = current_version(self.instance) if self.instance.pk else None
        if version is not None:
            self.fields["repeat"].initial = version.repeat
        rows = version.steps.order_by("number").prefetch_related("targets") if version else []
        self.steps: BaseFormSet[StepForm] = StepForms(
            self.data if self.is_bound else None,
            prefix="steps",
            initial=[{"targets": [_named(each) for each in row.targets.all()], "wait": row.wait} for row in rows],
        )

    def clean(self) -> dict[str, Any]:
        """The steps as a whole."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.steps.is_valid():
            raise forms.ValidationError("Some steps are not right; see below.")
        if "repeat" in cleaned:
            try:
                check(cleaned["repeat"], self.drafts())
            except Invalid as problem:
                raise forms.ValidationError(str(problem)) from None
        return cleaned

    def has_changed(self) -> bool:
        """Also where only a step did."""
        return super().has_changed() or self.steps.has_changed()

    @property
    def media(self) -> forms.Media:
        """With what the steps need."""
        return super().media + self.steps.media

    def drafts(self) -> list[StepDraft]:
        """The steps that will be, in the order wished. An added row that names nobody is none."""
        before = self.steps.initial_forms
        kept = [form for form in self.steps.ordered_forms if form in before or form.cleaned_data.get("targets")]
        return [form.draft() for form in kept]
