"""The forms of integrations and their routes in the admin."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.admin_forms import OrderedForm, OrderedRows
from alerts.decisions import group_expressions
from alerts.decisions.grouping import NOT_AT_ALL
from alerts.decisions.routing import check
from alerts.decisions.simple_matchers import Operator, both, condition
from alerts.integrations import keys
from alerts.integrations.keys import check_timing
from alerts.models import Integration, Route
from alerts.parsing.source import sources
from core.errors import Invalid


class RouteForm(OrderedForm):
    """One route: a condition in CEL, and the service it names.

    Who does not write CEL names a label, an operator and a value: they are added to the condition.
    """

    label = forms.CharField(
        required=False,
        max_length=200,
        label="Add: label",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "team, or severity"}),
    )
    operator = forms.ChoiceField(
        required=False,
        initial=Operator.IS,
        choices=[(each.value, each.value) for each in Operator],
        widget=UnfoldAdminSelectWidget(),
    )
    value = forms.CharField(required=False, max_length=500, widget=UnfoldAdminTextInputWidget())

    class Meta:
        model = Route
        fields = ["position", "condition", "service", "hours", "more_than", "within"]
        widgets = {
            "condition": UnfoldAdminTextInputWidget(attrs={"placeholder": "always"}),
            "hours": UnfoldAdminTextInputWidget(attrs={"placeholder": "always"}),
        }

    def clean_condition(self) -> str:
        """Refuse what could never be evaluated."""
        written = str(self.cleaned_data["condition"]).strip()
        problem = check(written)
        if problem:
            raise forms.ValidationError(problem)
        return written

    def clean(self) -> dict[str, Any]:
        """Add the simple matcher to the condition; refuse hours and thresholds that say nothing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._add_matcher(cleaned)
        cleaned["hours"] = str(cleaned.get("hours") or "").strip()
        problem = check_timing(cleaned["hours"], cleaned.get("more_than"), cleaned.get("within"))
        if problem:
            self.add_error("hours" if cleaned["hours"] and "threshold" not in problem else "more_than", problem)
        return cleaned

    def _add_matcher(self, cleaned: dict[str, Any]) -> None:
        label, value = cleaned.get("label"), cleaned.get("value")
        if value and not label:
            self.add_error("label", "Name the label that this value belongs to.")
        elif label and "condition" in cleaned:
            matcher = condition(label, Operator(cleaned.get("operator") or Operator.IS), value or "")
            cleaned["condition"] = both(cleaned["condition"], matcher)
            problem = check(cleaned["condition"])
            if problem:
                self.add_error("value", problem)


class RouteRows(OrderedRows):
    """The routes as a whole: asked in order, and the last one takes what no other took."""

    def clean(self) -> None:
        """Refuse routes that would never be asked, and messages that nobody would take."""
        super().clean()
        if any(form.errors for form in self.forms):
            return
        # One without a condition that has hours takes all that comes in those only.
        conditions = [form.cleaned_data["condition"] or form.cleaned_data.get("hours") for form in self.kept_forms()]
        if not conditions or conditions[-1]:
            raise forms.ValidationError("The last route has no condition: it takes what no other takes. Add one.")
        if "" in conditions[:-1]:
            raise forms.ValidationError("A route without a condition stands before others: they would never be asked.")


class Grouping(models.TextChoices):
    """The ways to group that can be chosen. They are kept as the one list `Integration.group_by`."""

    SOURCE = "source", "As the source groups"
    LABELS = "labels", "By these labels"
    EVERYTHING = "everything", "Everything in one group"
    NOT_AT_ALL = "not_at_all", "Each alert for itself"


def grouping_of(group_by: Sequence[str] | None) -> Grouping:
    """The choice that a kept list stands for."""
    if group_by is None:
        return Grouping.SOURCE
    if NOT_AT_ALL in group_by:
        return Grouping.NOT_AT_ALL
    return Grouping.LABELS if group_by else Grouping.EVERYTHING


class IntegrationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """An entry point. Its key is made by us and shown once."""

    source = forms.ChoiceField(widget=UnfoldAdminSelectWidget(), help_text="The system that sends.")
    grouping = forms.ChoiceField(
        choices=Grouping.choices, widget=UnfoldAdminSelectWidget(), help_text="What becomes one incident."
    )

    secret = forms.CharField(
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="What the sender must prove to know with every message. Empty: as it is. It is never shown again.",
    )
    no_secret = forms.BooleanField(
        required=False, label="Remove the secret", widget=UnfoldBooleanSwitchWidget(), help_text="The key is enough."
    )

    class Meta:
        model = Integration
        fields = [
            "name",
            "source",
            "is_active",
            "group_by",
            "group_expression",
            "group_window",
            "group_window_rolls",
            "hold",
            "reopen_within",
            "storm_after",
            "resolve_after",
            "flap_changes",
            "flap_window",
            "mail_rules",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        source.choices = [(slug, each.label) for slug, each in sources.all().items()]
        self.fields["grouping"].initial = chosen = grouping_of(self.instance.group_by)
        if "group_expression" in self.fields:
            placeholder = 'labels.cluster + "/" + labels.job'
            self.fields["group_expression"].widget = UnfoldAdminTextInputWidget(attrs={"placeholder": placeholder})
        if "group_by" in self.fields:  # absent where somebody may only look
            group_by = self.fields["group_by"]
            group_by.label = "Labels"
            group_by.widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "alertname, cluster"})
            group_by.help_text = "Separated by commas. What has the same values becomes one incident."
            if chosen is not Grouping.LABELS:
                self.initial["group_by"] = None

    def clean_group_expression(self) -> str:
        """Refuse what could never be evaluated."""
        expression = str(self.cleaned_data["group_expression"]).strip()
        problem = group_expressions.check(expression)
        if problem:
            raise forms.ValidationError(problem)
        return expression

    def clean(self) -> dict[str, Any]:
        """Make one list of the choice and the labels. An empty field alone cannot tell none from everything."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_mail_rules(str(cleaned.get("source", "")), cleaned.get("mail_rules"))
        self._seal(str(cleaned.get("source", "")), str(cleaned.get("secret") or ""))
        grouping, labels = cleaned.get("grouping"), cleaned.get("group_by")
        if grouping is None or "group_by" not in cleaned:
            return cleaned
        if grouping == Grouping.LABELS and not labels:
            self.add_error("group_by", "Name the labels to group by, or choose another way to group.")
        elif grouping != Grouping.LABELS and labels:
            self.add_error("group_by", f"To group by labels choose “{Grouping.LABELS.label}”, or leave this empty.")
        kept = {Grouping.SOURCE: None, Grouping.EVERYTHING: [], Grouping.NOT_AT_ALL: [NOT_AT_ALL]}
        return {**cleaned, "group_by": kept.get(grouping, labels)}

    def _seal(self, source: str, secret: str) -> None:
        if secret:
            try:
                self.instance.sealed_secret = keys.sealed_secret(source, secret)
            except Invalid as problem:
                self.add_error("secret", str(problem))
        elif self.cleaned_data.get("no_secret"):
            self.instance.sealed_secret = None
        else:
            self._check_kept_secret(source)

    def _check_mail_rules(self, source: str, rules: Any) -> None:
        if rules:
            try:
                keys.checked_rules(source, rules)
            except Invalid as problem:
                self.add_error("mail_rules", str(problem))

    def _check_kept_secret(self, source: str) -> None:
        kind = sources.get(source)
        if self.instance.has_secret and kind is not None and kind.authentication is None:
            self.add_error("source", f"{kind.label} has no way to prove a secret. Remove the secret, too.")
