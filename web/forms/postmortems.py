"""The forms of postmortems and their action items."""

from typing import Any

from django import forms

from accounts.models import User
from postmortems import review
from postmortems.action_items import Wish
from postmortems.editing import LONGEST_BODY
from postmortems.models import ActionItem, Postmortem
from web.forms.choosing import LongSelect


class TextForm(forms.Form):
    """Title and Markdown, over the version the writer began from."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    title = forms.CharField(max_length=Postmortem.LONGEST_TITLE, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    body = forms.CharField(
        label="Text",
        max_length=LONGEST_BODY,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "true"}),
        help_text="Markdown. {action_items} on a line of its own is where the list of action items stands.",
    )


class CommentForm(forms.Form):
    """What is said along with a move."""

    comment = forms.CharField(
        label="A word to the reviewers",
        required=False,
        max_length=review.LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ActionItemForm(forms.Form):
    """What is to be done, by whom and until when."""

    title = forms.CharField(
        label="What is to be done?",
        max_length=ActionItem.LONGEST_TITLE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, empty_label="Nobody yet", widget=LongSelect
    )
    due_on = forms.DateField(label="Due", required=False, widget=forms.DateInput(format="%Y-%m-%d"))
    status = forms.ChoiceField(choices=ActionItem.Status.choices, initial=ActionItem.Status.OPEN)

    def __init__(self, *args: Any, of: ActionItem | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        # Whoever has it may keep it, even after leaving: it could not be closed otherwise.
        present = User.objects.filter(pk=of.owner_id if of else None)
        owner.queryset = (User.objects.active() | present).order_by("username")
        owner.label_from_instance = _shown_name  # type: ignore[assignment]  # Django's documented way
        # Set here, since the widget's own type is `text`: browsers then offer a calendar.
        self.fields["due_on"].widget.input_type = "date"

    def wish(self) -> Wish:
        """What it says."""
        data = self.cleaned_data
        return Wish(data["title"], data["owner"], data["due_on"], data["status"])


def item_form(item: ActionItem) -> ActionItemForm:
    """The form of an item as it stands."""
    return ActionItemForm(
        of=item, initial={"title": item.title, "owner": item.owner_id, "due_on": item.due_on, "status": item.status}
    )


def _shown_name(user: User) -> str:
    return user.shown_name
