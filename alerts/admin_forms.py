"""The forms of integrations and their routes in the admin."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin_forms import OrderedForm, OrderedRows
from alerts.models import Integration, Route
from alerts.routing import check
from alerts.source import sources


class RouteForm(OrderedForm):
    """One route: a condition in CEL, and the service it names."""

    class Meta:
        model = Route
        fields = ["position", "condition", "service"]
        widgets = {"condition": UnfoldAdminTextInputWidget(attrs={"placeholder": "always"})}

    def clean_condition(self) -> str:
        """Refuse what could never be evaluated."""
        condition = str(self.cleaned_data["condition"]).strip()
        problem = check(condition)
        if problem:
            raise forms.ValidationError(problem)
        return condition


class RouteRows(OrderedRows):
    """The routes as a whole: asked in order, and the last one takes what no other took."""

    def clean(self) -> None:
        """Refuse routes that would never be asked, and messages that nobody would take."""
        super().clean()
        if any(form.errors for form in self.forms):
            return
        conditions = [form.cleaned_data["condition"] for form in self.kept_forms()]
        if not conditions or conditions[-1]:
            raise forms.ValidationError("The last route has no condition: it takes what no other takes. Add one.")
        if "" in conditions[:-1]:
            raise forms.ValidationError("A route without a condition stands before others: they would never be asked.")


class IntegrationForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """An entry point. Its key is made by us and shown once."""

    source = forms.ChoiceField(widget=UnfoldAdminSelectWidget(), help_text="The system that sends.")

    class Meta:
        model = Integration
        fields = ["name", "source", "is_active", "group_by", "hold", "reopen_within"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        source.choices = [(slug, each.label) for slug, each in sources.all().items()]
        group_by = self.fields["group_by"]
        group_by.widget = UnfoldAdminTextInputWidget(attrs={"placeholder": "the source's own"})
        group_by.help_text = "Labels, separated by commas. What has the same values becomes one incident."
