"""The form to open an incident by hand."""

from django import forms

from catalog.models import Service
from incidents.models import Urgency
from web.forms.choosing import LongSelect


class OpenForm(forms.Form):
    """What is wrong with what, and how loudly to say so. `token` makes pressing twice open one incident."""

    title = forms.CharField(
        label="What is wrong?",
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": "Customers cannot pay", "autocomplete": "off", "autofocus": True}),
    )
    service = forms.ModelChoiceField(
        queryset=Service.objects.order_by("name"), empty_label="Choose a service", label="Service", widget=LongSelect
    )
    urgency = forms.ChoiceField(
        label="How loudly?",
        choices=[
            (Urgency.HIGH, "High: page whoever is on call"),
            (Urgency.LOW, "Low: tell them once, escalate nothing"),
        ],
        initial=Urgency.HIGH,
        widget=forms.RadioSelect,
    )
    description = forms.CharField(
        label="What is known so far?",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Optional. Who sees it first will be glad of a link or two.",
    )
    token = forms.UUIDField(widget=forms.HiddenInput)
