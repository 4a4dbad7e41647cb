"""Shapes of silences, maintenance windows and inhibition rules in the API. References are names."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from alerts.models import Alert, Integration
from alerts.muting import windows
from alerts.muting.inhibition import RuleWish
from alerts.muting.models import InhibitionRule, MaintenanceWindow, Silence, SilenceState
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from alerts.serializers import Duration
from catalog.models import Service
from core import clock
from core.api import Amendment

_MATCHERS = 'As Alertmanager writes them: `alertname="DiskFull"`, `instance=~"db-.*"`, also `!=` and `!~`.'


class SilenceOut(serializers.ModelSerializer[Silence]):
    """A silence. It is never deleted: it expires."""

    state = serializers.ChoiceField(SilenceState.choices, read_only=True)
    service = serializers.CharField(source="service.name", allow_null=True, default=None)
    integration = serializers.CharField(source="integration.name", allow_null=True, default=None)

    class Meta:
        model = Silence
        fields = [
            *("id", "state", "matchers", "starts_at", "ends_at", "created_by", "comment", "service", "integration"),
            *("ended_by", "created_at", "changed_at"),
        ]
        read_only_fields = fields


def _matchers(**more: Any) -> serializers.ListField:
    child = serializers.CharField(max_length=1000)
    return serializers.ListField(child=child, max_length=50, help_text=_MATCHERS, **more)


def _named(model: type[Service] | type[Integration], **more: Any) -> "serializers.SlugRelatedField[Any]":
    return serializers.SlugRelatedField(slug_field="name", queryset=model.objects.all(), **more)


class ScopeIn(serializers.Serializer[Any]):
    """What a preview is asked for."""

    matchers = _matchers(required=False, default=list)
    service = _named(Service, required=False, allow_null=True, default=None)
    integration = _named(Integration, required=False, allow_null=True, default=None)


class SilenceIn(Amendment):
    """A new silence: give `ends_at` or `duration`. Without `starts_at` it begins now."""

    matchers = _matchers()
    comment = serializers.CharField(max_length=2000, help_text="Why.")
    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    duration = Duration(required=False, help_text="In place of ends_at: 30m, 2h, 1d.")
    service = _named(Service, required=False, allow_null=True)
    integration = _named(Integration, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One moment at which it ends."""
        if {"ends_at", "duration"} <= attrs.keys() or (not self.partial and not {"ends_at", "duration"} & attrs.keys()):
            raise serializers.ValidationError({"ends_at": "Give either ends_at or duration."})
        duration = attrs.pop("duration", None)
        if duration is not None:
            attrs["ends_at"] = max(attrs.get("starts_at") or clock.now(), clock.now()) + duration
        return attrs

    def wish(self, over: Silence | None = None) -> SilenceWish:
        """What is asked for, over what there is."""
        was: dict[str, Any] = {}
        if over is not None:
            names = ("matchers", "comment", "starts_at", "ends_at", "service", "integration")
            was = {name: getattr(over, name) for name in names}
        return SilenceWish(**{**was, **self.validated_data})


class AlertBrief(serializers.ModelSerializer[Alert]):
    """An alert in a preview."""

    integration = serializers.CharField(source="integration.name")
    service = serializers.CharField(source="service.name")
    incident = serializers.IntegerField(source="incident_id", allow_null=True)

    class Meta:
        model = Alert
        fields = ["id", "title", "status", "severity", "labels", "integration", "service", "incident", "last_seen_at"]
        read_only_fields = fields


class PreviewOut(serializers.Serializer[Any]):
    """What would be muted: at most twenty of each are named. The newest 20,000 alerts are looked at."""

    firing_count = serializers.IntegerField(help_text="Alerts that fire now.")
    firing = AlertBrief(many=True)
    recent_count = serializers.IntegerField(help_text="Alerts of the last seven days.")
    recent = AlertBrief(many=True)
    is_all = serializers.BooleanField(help_text="Whether all alerts of the last seven days were looked at.")


class OccurrenceOut(serializers.Serializer[Any]):
    """One of a window's times."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class LocalTime(serializers.CharField):
    """Local date and time to the minute, without an offset: `2026-03-01T22:00`."""

    default_error_messages = {"wrong": "Write local date and time without an offset, like 2026-03-01T22:00."}

    def to_internal_value(self, data: Any) -> Any:
        """Refuses what is none."""
        try:
            found = datetime.fromisoformat(str(data))
        except ValueError:
            self.fail("wrong")
        if found.tzinfo is not None:
            self.fail("wrong")
        return found.replace(second=0, microsecond=0)

    def to_representation(self, value: Any) -> str:
        """As it is read."""
        return str(value.strftime("%Y-%m-%dT%H:%M"))


class WindowOut(serializers.ModelSerializer[MaintenanceWindow]):
    """A maintenance window. `starts` is local time in `time_zone`; `upcoming` begins with the time that is on."""

    is_on = serializers.BooleanField(read_only=True)
    active = serializers.BooleanField(source="is_active")
    starts = serializers.SerializerMethodField()
    duration = Duration()
    services: Any = serializers.SlugRelatedField("name", many=True, read_only=True)
    integrations: Any = serializers.SlugRelatedField("name", many=True, read_only=True)
    upcoming = serializers.SerializerMethodField()

    class Meta:
        model = MaintenanceWindow
        fields = [
            *("id", "name", "is_on", "active", "comment", "starts", "duration", "time_zone", "recurrence", "matchers"),
            *("services", "integrations", "created_by", "ended_at", "ended_by", "upcoming", "created_at", "changed_at"),
        ]
        read_only_fields = fields

    def get_starts(self, window: MaintenanceWindow) -> str:
        """Local, to the minute."""
        return window.starts.strftime("%Y-%m-%dT%H:%M")

    def get_upcoming(self, window: MaintenanceWindow) -> list[dict[str, str]]:
        """The next three."""
        return [
            {"start": each.start.isoformat(), "end": each.end.isoformat()} for each in windows.upcoming(window, most=3)
        ]


class WindowIn(Amendment):
    """A new window. Without `starts` it begins now. It mutes what is in its scope: all that is given must hold."""

    name = serializers.CharField(max_length=100)
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    starts = LocalTime(required=False, help_text="Local date and time in time_zone, like 2026-03-01T22:00.")
    duration = Duration()
    time_zone = serializers.CharField(max_length=64, required=False)
    recurrence = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="RRULE, for example FREQ=WEEKLY;BYDAY=SU."
    )
    matchers = _matchers(required=False)
    services = _named(Service, many=True, required=False)
    integrations = _named(Integration, many=True, required=False)
    active = serializers.BooleanField(required=False, source="is_active")

    def wish(self, over: MaintenanceWindow | None = None) -> WindowWish:
        """What is asked for, over what there is."""
        if over is not None:
            return WindowWish(**{**windows.wish_of(over).__dict__, **self.validated_data})
        given = dict(self.validated_data)
        given.setdefault("starts", windows.local_now(given.get("time_zone", "UTC")))
        return WindowWish(**given)


class RuleOut(serializers.ModelSerializer[InhibitionRule]):
    """An inhibition rule."""

    active = serializers.BooleanField(source="is_active")

    class Meta:
        model = InhibitionRule
        fields = ["id", "name", "active", "source_matchers", "target_matchers", "equal", "created_at", "changed_at"]
        read_only_fields = fields


class RuleIn(Amendment):
    """While an alert fires that the source matchers match, those that the target matchers match page nobody."""

    name = serializers.CharField(max_length=100)
    source_matchers = _matchers()
    target_matchers = _matchers()
    equal = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=20)
    active = serializers.BooleanField(required=False, source="is_active")

    def wish(self, over: InhibitionRule | None = None) -> RuleWish:
        """What is asked for, over what there is."""
        names = ("name", "source_matchers", "target_matchers", "equal", "is_active")
        was = {name: getattr(over, name) for name in names} if over is not None else {}
        return RuleWish(**{**was, **self.validated_data})
