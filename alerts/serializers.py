"""Shapes of alerts, events and integrations in the API. References are names; ids of a sender's are text."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.decisions import group_expressions
from alerts.decisions.flapping import MOST_KEPT
from alerts.decisions.hours import LONGEST as LONGEST_HOURS
from alerts.integrations.keys import MOST_COUNTED, RouteWish
from alerts.models import Alert, AlertStatus, Change, Event, Integration
from alerts.parsing.authentication import LONGEST_SECRET, SHORTEST_SECRET
from alerts.parsing.mend import clean_text, decode
from alerts.parsing.source import sources
from catalog.models import Service
from core import durations
from core.api import Amendment
from incidents.models import Severity
from incidents.serializers import MuteOut

_LONGEST_SHOWN = 200_000  # bytes of a body


class LinkOut(serializers.Serializer[Any]):
    """Where to look further."""

    text = serializers.CharField()
    href = serializers.CharField()


class AlertOut(serializers.ModelSerializer[Alert]):
    """A condition, deduplicated. `count` is how many messages told of it."""

    integration = serializers.CharField(source="integration.name")
    service = serializers.CharField(source="service.name")
    incident = serializers.IntegerField(source="incident_id", allow_null=True)
    links = LinkOut(many=True)
    muted = MuteOut(
        source="muted_now", allow_null=True, default=None, help_text="What mutes it now; null where nothing does."
    )

    class Meta:
        model = Alert
        fields = [
            *("id", "integration", "dedup_key", "status", "severity", "title", "description", "labels", "annotations"),
            *("links", "count", "first_seen_at", "last_seen_at", "started_at", "ended_at", "resolved_at", "service"),
            *("incident", "group_key", "muted", "reasons", "expires_at", "flapping_until"),
        ]
        read_only_fields = fields


class UnderstoodOut(serializers.Serializer[Any]):
    """One alert as a message was understood to tell of it."""

    dedup_key = serializers.CharField()
    status = serializers.ChoiceField(choices=AlertStatus.choices)
    severity = serializers.ChoiceField(choices=Severity.choices, allow_null=True)
    title = serializers.CharField()


class EventOut(serializers.ModelSerializer[Event]):
    """A raw message. `size` is as sent; `marks` name what had to be mended."""

    integration = serializers.CharField(source="integration.name")
    size = serializers.IntegerField(source="body_size")
    alerts = UnderstoodOut(many=True, source="understood")
    marks = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Event
        fields = [
            *("id", "integration", "received_at", "status", "reason", "problem", "content_type", "size", "marks"),
            *("alerts", "processed_at"),
        ]
        read_only_fields = fields


class EventWithBody(EventOut):
    """The same with what was sent."""

    body = serializers.SerializerMethodField()
    headers = serializers.DictField(child=serializers.CharField(), allow_null=True)

    class Meta(EventOut.Meta):
        fields = [*EventOut.Meta.fields, "headers", "query", "body"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.STR)
    def get_body(self, event: Event) -> str:
        """As text, the first 200 kB."""
        return clean_text(decode(bytes(event.body[:_LONGEST_SHOWN]))[0])[0]


class ChangeOut(serializers.ModelSerializer[Change]):
    """Something that was done, as a deployment. `by` is what did it."""

    integration = serializers.CharField(source="integration.name")
    service = serializers.CharField(source="service.name", allow_null=True)
    links = LinkOut(many=True)
    details = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Change
        fields = ["id", "at", "received_at", "summary", "by", "service", "integration", "links", "details"]
        read_only_fields = fields


class Duration(serializers.CharField):
    """A duration as people write it: `30s`, `5m`, `1h 30m`."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuses what is none."""
        try:
            return durations.read(super().to_internal_value(data))
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from None

    def to_representation(self, value: Any) -> str:
        """As it is read."""
        return durations.write(value)


class ThresholdOut(serializers.Serializer[Any]):
    """More than so many messages within a time."""

    more_than = serializers.IntegerField(min_value=1, max_value=MOST_COUNTED)
    within = Duration()


class RouteOut(serializers.Serializer[Any]):
    """A route: CEL over labels, annotations, severity, title, source, integration; empty: always."""

    service = serializers.SlugRelatedField(slug_field="name", queryset=Service.objects.all())
    hours = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=LONGEST_HOURS,
        help_text="When it is asked at all: `mon-fri 09:00-17:00 Europe/Berlin`.",
    )
    threshold = ThresholdOut(
        required=False, allow_null=True, default=None, help_text="It pages only when more messages come than this."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        condition = serializers.CharField(source="condition", required=False, allow_blank=True, default="")
        return {"if": condition, **super().get_fields()}


class IntegrationOut(serializers.ModelSerializer[Integration]):
    """An entry point. `key_prefix` helps to recognise its key."""

    routes = RouteOut(many=True)
    hold = Duration(help_text="No page for what resolves within this time.")
    reopen_within = Duration(help_text="Firing again so soon re-opens the same incident.")
    group_window = Duration(
        allow_null=True, help_text="An incident takes in alerts for so long; null: as long as it is open."
    )
    resolve_after = Duration(
        allow_null=True,
        help_text="An alert nobody tells of for so long is over; null: as its source suggests, 0s: never.",
    )
    flap_window = Duration(help_text="The time in which `flap_changes` are counted.")
    active = serializers.BooleanField(source="is_active")
    has_secret = serializers.BooleanField(help_text="Whether its sender must prove to know a secret.")

    class Meta:
        model = Integration
        fields = [
            *(
                "id",
                "name",
                "source",
                "active",
                "key_prefix",
                "has_secret",
                "mail_rules",
                "group_by",
                "hold",
                "reopen_within",
            ),
            *("group_expression", "group_window", "group_window_rolls"),
            *("storm_after", "resolve_after", "flap_changes", "flap_window"),
            *("routes", "created_at", "last_event_at"),
        ]
        read_only_fields = fields


class IntegrationWithKey(IntegrationOut):
    """What is shown once: the key, and the address with it."""

    key = serializers.CharField()
    url = serializers.CharField()

    class Meta(IntegrationOut.Meta):
        fields = [*IntegrationOut.Meta.fields, "key", "url"]
        read_only_fields = fields


class _IntegrationFields(Amendment):
    name = serializers.CharField(max_length=100)
    group_by = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, allow_null=True, max_length=20
    )
    hold = Duration(required=False)
    reopen_within = Duration(required=False)
    group_expression = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=group_expressions.LONGEST,
        help_text="CEL that gives a text: what has the same text becomes one incident. It goes before `group_by`.",
    )
    group_window = Duration(required=False, allow_null=True)
    group_window_rolls = serializers.BooleanField(
        required=False, help_text="The window begins anew with each alert that joins."
    )
    storm_after = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    resolve_after = Duration(required=False, allow_null=True)
    flap_changes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_KEPT,
        help_text="So many changes between firing and resolved are flapping; 0: never.",
    )
    flap_window = Duration(required=False)
    secret = serializers.CharField(
        min_length=SHORTEST_SECRET,
        max_length=LONGEST_SECRET,
        required=False,
        allow_null=True,
        trim_whitespace=False,
        help_text="What its sender must prove to know; null: nothing but the key. It is never shown again.",
    )
    mail_rules = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text="For mail: regular expressions (RE2) for identity, title, resolved, ignore, and severity by name.",
    )
    routes = RouteOut(many=True)

    def validate_group_expression(self, expression: str) -> str:
        """One that can be asked."""
        problem = group_expressions.check(expression)
        if problem:
            raise serializers.ValidationError(problem)
        return expression.strip()

    def validate_name(self, name: str) -> str:
        """Names are how everything refers to it."""
        same = Integration.objects.filter(name=name).first()
        if same is not None and same != self.context.get("integration"):
            raise serializers.ValidationError("Another integration has this name.")
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Routes as the verbs take them."""
        if "routes" in attrs:
            attrs["routes"] = [_wish(each) for each in attrs["routes"]]
        return attrs


def _wish(route: dict[str, Any]) -> RouteWish:
    threshold = route.get("threshold") or {}
    return RouteWish(route["service"], route.get("condition", ""), route.get("hours", ""), **threshold)


class IntegrationIn(_IntegrationFields):
    """A new entry point. Without a `key` one is made."""

    source = serializers.CharField(max_length=60)  # type: ignore[assignment]  # declared fields leave the class
    key = serializers.CharField(min_length=32, max_length=200, required=False)

    def validate_source(self, slug: str) -> str:
        """One of the sources there are."""
        if sources.get(slug) is None:
            raise serializers.ValidationError(f"No source is called “{slug}”. Known are {', '.join(sources.all())}.")
        return slug


class IntegrationChange(_IntegrationFields):
    """What is to be changed of it."""

    active = serializers.BooleanField(required=False, source="is_active")
