"""Deliveries, to be read: who was reached how, with what outcome and why."""

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView

from accounts.models import User
from core.errors import Invalid
from incidents.models import Incident
from notifications import channel, reading
from notifications.models import Delivery, Kind
from notifications.states import Status


class DeliveryOut(serializers.ModelSerializer[Delivery]):
    """One message to one address of one person. The address is masked."""

    incident = serializers.IntegerField(source="incident_id", allow_null=True)
    user = serializers.CharField(source="user.username", default=None, allow_null=True)
    address = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            *("id", "incident", "user", "kind", "channel", "address", "urgency", "status", "reason", "attempts"),
            *("created_at", "due_at", "sent_at", "delivered_at"),
        ]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_address(self, delivery: Delivery) -> str:
        """Enough to recognise it, too little to use it."""
        return channel.masked(delivery.channel, delivery.address)


_FILTERS: dict[str, list[str] | None] = {
    "status": [str(each) for each in Status],
    "kind": [str(each) for each in Kind],
    "channel": None,
    "user": None,
    "incident": None,
}
_PARAMETERS = [
    OpenApiParameter("status", enum=[str(each) for each in Status]),
    OpenApiParameter("kind", enum=Kind.values),
    OpenApiParameter("channel", description="Slug: email, slack, sms."),
    OpenApiParameter("user", description="User name."),
    OpenApiParameter("incident", OpenApiTypes.INT, description="Number of the incident."),
]


@extend_schema(parameters=_PARAMETERS)
class DeliveryList(ListAPIView[Delivery]):
    """Everything that went out or is to go out, newest first."""

    serializer_class = DeliveryOut
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        found = reading.deliveries(cast("User", self.request.user))
        for name in _FILTERS:
            value = self.request.query_params.get(name)
            if value:
                found = _filtered(found, name, str(value))
        return found


class DeliveryDetail(RetrieveAPIView[Delivery]):
    """One delivery."""

    serializer_class = DeliveryOut
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        return reading.deliveries(cast("User", self.request.user))


class IncidentDeliveries(ListAPIView[Delivery]):
    """Who was paged for this incident, how, and what became of it; newest first."""

    serializer_class = DeliveryOut
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        if getattr(self, "swagger_fake_view", False):  # the schema is made without a request
            return self.queryset
        incident = get_object_or_404(Incident.objects.visible_to(cast("User", self.request.user)), pk=self.kwargs["pk"])
        return reading.deliveries(cast("User", self.request.user)).filter(incident=incident)


def _filtered(found: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
    allowed = _FILTERS[name]
    if allowed is not None and value not in allowed:
        raise Invalid(f"There is no {name} “{value}”.", {name: f"One of {', '.join(allowed)}."})
    match name:
        case "user":
            return found.filter(user__username=value)
        case "incident":
            if not (value.isascii() and value.isdigit() and len(value) < 18):
                raise Invalid("An incident is named by its number.", {"incident": "Give its number."})
            return found.filter(incident=int(value))
        case "status":
            return found.filter(status=value)
        case "kind":
            return found.filter(kind=value)
        case _:
            return found.filter(channel=value)


_list: Any = DeliveryList.as_view()

urlpatterns = [
    path("deliveries/", _list, name="deliveries"),
    path("deliveries/<int:pk>/", DeliveryDetail.as_view(), name="delivery"),
    path("incidents/<int:pk>/deliveries/", IncidentDeliveries.as_view(), name="incident-deliveries"),
]
