"""How people are reached, and the outbox, in the admin. Deliveries are looked at only."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from accounts.admin import UserAdmin
from accounts.admin_forms import OrderedForm, OrderedRows
from accounts.administration import RecordAdmin, RecordTabular, RoleTabular, display
from core import clock
from incidents.admin import IncidentAdmin
from notifications import addresses
from notifications.channel import CHANNELS, label_of, masked
from notifications.models import ContactMethod, Delivery, NotificationRule, Receipt

_STATUS_COLOURS = {
    "Delivered": "success",
    "Sent": "success",
    "Failed": "danger",
    "Unknown": "danger",
    "Sending": "info",
    "Queued": "info",
}


class ContactMethodForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """One address. An admin who knows that it is the person's own may say so here."""

    channel = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    is_verified = forms.BooleanField(required=False, label="Verified", widget=UnfoldBooleanSwitchWidget())

    class Meta:
        model = ContactMethod
        fields = ["name", "channel", "address", "is_verified", "disabled_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        slugs = {slug: channel.label for slug, channel in CHANNELS.all().items()}
        if self.instance.channel:
            slugs.setdefault(self.instance.channel, self.instance.channel)
        channel = self.fields["channel"]
        assert isinstance(channel, forms.ChoiceField)
        channel.choices = list(slugs.items())
        self.fields["is_verified"].initial = self.instance.is_verified

    def clean(self) -> dict[str, Any]:
        """The address is of the channel's kind."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        fault = addresses.fault(cleaned.get("channel", ""), cleaned.get("address", ""))
        if fault and not self.errors:
            self.add_error("address", f"{fault}.")
        return cleaned

    def save(self, commit: bool = True) -> ContactMethod:
        """Verification has a moment."""
        if not self.cleaned_data["is_verified"]:
            self.instance.verified_at = None
        elif self.instance.verified_at is None:
            self.instance.verified_at = clock.now()
        saved: ContactMethod = super().save(commit)
        return saved


class ContactMethodInline(RoleTabular):
    """A person's addresses."""

    model = ContactMethod
    form = ContactMethodForm
    fields = ["name", "channel", "address", "is_verified", "disabled_reason"]
    tab = True


class RuleRows(OrderedRows):
    """High and low urgency each count from 1."""

    numbered_within = ("urgency",)


class NotificationRuleInline(RoleTabular):
    """A person's wishes, in order."""

    model = NotificationRule
    form = OrderedForm
    formset = RuleRows
    fields = ["position", "urgency", "after", "contact_method"]
    tab = True

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        """Her own addresses only."""
        if db_field.name == "contact_method" and request.resolver_match:
            user = request.resolver_match.kwargs.get("object_id")
            kwargs["queryset"] = ContactMethod.objects.filter(user=user).order_by("name")
        found: ModelChoiceField[Any] | None = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return found


UserAdmin.also_show(ContactMethodInline, NotificationRuleInline)


class ReceiptInline(RecordTabular):
    """What the carrier reported."""

    model = Receipt
    fields = ["at", "status", "code", "provider_ref"]
    readonly_fields = fields


class DeliveryInline(RecordTabular):
    """Who was told of an incident, how, and with what outcome."""

    model = Delivery
    fields = ["created_at", "user", "channel_label", "shown_address", "kind", "status", "reason", "attempts"]
    readonly_fields = fields
    show_change_link = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """In the order they were made."""
        found: QuerySet[Delivery] = super().get_queryset(request)
        return found.select_related("user").order_by("id")

    @display("By")
    def channel_label(self, delivery: Delivery) -> str:
        """The channel's name."""
        return label_of(delivery.channel)

    @display("To")
    def shown_address(self, delivery: Delivery) -> str:
        """Masked: it is somebody's own."""
        return masked(delivery.channel, delivery.address)


IncidentAdmin.also_show(DeliveryInline)


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    """The outbox: every message, and what became of it."""

    list_display = [
        "created_at",
        "user",
        "channel_label",
        "shown_address",
        "kind",
        "shown_status",
        "reason",
        "incident",
    ]
    list_filter = ["status", "channel", "kind", "urgency"]
    list_select_related = ["user", "incident"]
    search_fields = ["user__username", "=incident__id", "=provider_ref"]
    inlines = [ReceiptInline]
    fieldsets = [
        (None, {"fields": [("user", "incident"), ("channel_label", "shown_address"), ("kind", "urgency")]}),
        ("Outcome", {"fields": [("status", "reason"), ("attempts", "failures"), "provider_ref"]}),
        (
            "When",
            {"fields": [("created_at", "due_at"), ("sent_at", "delivered_at"), ("receipt_due_at", "ended_at")]},
        ),
        ("Asked for by", {"fields": [("run_id", "pass_number", "step_number", "position")]}),
    ]
    readonly_fields = ["channel_label", "shown_address"]

    @display("By", ordering="channel")
    def channel_label(self, delivery: Delivery) -> str:
        """The channel's name."""
        return label_of(delivery.channel)

    @display("To")
    def shown_address(self, delivery: Delivery) -> str:
        """Masked: it is somebody's own."""
        return masked(delivery.channel, delivery.address)

    @display("Status", ordering="status", label=_STATUS_COLOURS)
    def shown_status(self, delivery: Delivery) -> str:
        """As a label."""
        return delivery.get_status_display()
