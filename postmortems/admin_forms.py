"""The forms of postmortems in the admin: a reviewer's comment, an action item, a template as text."""

from typing import Any

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from core.errors import Invalid
from postmortems import action_items, review, sections
from postmortems.action_items import Wish
from postmortems.models import ActionItem, Template


class CommentForm(BaseDialogForm):  # type: ignore[misc]  # unfold publishes no types
    """What the reviewer says."""

    comment = forms.CharField(
        required=False,
        max_length=review.LONGEST_COMMENT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Shown to the writer and kept in the history.",
    )


class ChangesForm(CommentForm):
    """What should change."""

    comment = forms.CharField(
        label="What should change?",
        max_length=review.LONGEST_COMMENT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="The writer works from this.",
    )


class ActionItemForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """What is to be done, by whom and until when."""

    class Meta:
        model = ActionItem
        fields = ["postmortem", "title", "owner", "due_on", "status"]

    def clean(self) -> dict[str, Any]:
        """Refuse here what the verb would refuse."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                action_items.sound(self.wish(), owner_before=self.instance.owner)
            except Invalid as problem:
                for name, sentence in problem.fields.items():
                    self.add_error(name, sentence)
        return cleaned

    def wish(self) -> Wish:
        """What it says."""
        data = self.cleaned_data
        return Wish(data["title"], data["owner"], data["due_on"], data["status"])


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A template as text."""

    text = forms.CharField(
        label="Sections",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 30}),
        help_text="“## Heading”, then what to write there. A name in braces on a line of its own is filled in: "
        + ", ".join(f"{{{fact}}}" for fact in sections.Fact),
    )

    class Meta:
        model = Template
        fields = ["name", "is_default"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].initial = sections.write(sections.load(self.instance.sections))

    def clean_text(self) -> str:
        """Refuse what cannot be read, naming the line."""
        text = str(self.cleaned_data["text"])
        try:
            self.instance.sections = sections.dump(sections.parse(text))
        except Invalid as problem:
            raise forms.ValidationError(str(problem)) from None
        return text

    def _get_validation_exclusions(self) -> set[str]:
        # Saving a new default takes the mark from the old one.
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]  # Django's own, untyped
