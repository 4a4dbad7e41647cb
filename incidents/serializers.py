"""What the API reads and writes of incidents. References are names."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from catalog.models import Service
from core import clock, durations
from incidents.lifecycle import LONGEST_NOTE
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.mutes import INHIBITED, MAINTENANCE, SILENCED


class MuteOut(serializers.Serializer[Any]):
    """Why nobody is paged: what mutes it, whose that is and until when."""

    reason = serializers.ChoiceField([SILENCED, MAINTENANCE, INHIBITED])
    what = serializers.CharField(help_text="For example silence 12.")
    id = serializers.IntegerField(help_text="Of the silence, the maintenance window or the inhibition rule.")
    by = serializers.CharField(allow_blank=True)
    until = serializers.DateTimeField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    text = serializers.CharField(help_text="The same as a sentence.")


class IncidentOut(serializers.ModelSerializer[Incident]):
    """An incident as the API shows it."""

    number = serializers.IntegerField(read_only=True, help_text="What people call it by; the same as its id.")
    service = serializers.CharField(source="service.name", read_only=True)
    team = serializers.CharField(source="service.team.name", read_only=True)
    integration = serializers.CharField(source="origin", read_only=True, help_text="Empty when opened by hand.")
    acknowledged_by = serializers.CharField(source="acknowledged_by.username", read_only=True, allow_null=True)
    resolved_by = serializers.CharField(source="resolved_by.username", read_only=True, allow_null=True)
    snoozed_until = serializers.SerializerMethodField()
    muted = MuteOut(
        read_only=True, allow_null=True, help_text="Why it is held and pages nobody; null unless it is muted."
    )
    merged_into = serializers.IntegerField(source="merged_into_id", read_only=True, allow_null=True)
    previous = serializers.IntegerField(
        source="previous_id",
        read_only=True,
        allow_null=True,
        help_text="The incident this one's group had before, or was split from.",
    )
    url = serializers.URLField(read_only=True)

    class Meta:
        model = Incident
        fields = [
            "id",
            "number",
            "title",
            "description",
            "status",
            "status_since",
            "urgency",
            "severity",
            "service",
            "team",
            "integration",
            "group_key",
            "alert_count",
            "firing_count",
            "created_at",
            "triggered_at",
            "acknowledged_at",
            "acknowledged_by",
            "acknowledged_via",
            "resolved_at",
            "resolved_by",
            "snoozed_until",
            "muted",
            "merged_into",
            "previous",
            "version",
            "url",
        ]

    def get_snoozed_until(self, incident: Incident) -> str | None:
        """When it wakes people again; null unless it is snoozed."""
        return incident.due_at.isoformat() if incident.status == "snoozed" and incident.due_at else None


class TimelineEntryOut(serializers.ModelSerializer[TimelineEntry]):
    """One thing that happened: who, when, what, and the named reason."""

    actor = serializers.SerializerMethodField()

    class Meta:
        model = TimelineEntry
        fields = ["id", "at", "kind", "actor", "via", "reason", "text", "details"]

    def get_actor(self, entry: TimelineEntry) -> dict[str, str]:
        """Kind (user, source, system) and name."""
        return {"kind": entry.actor_kind, "name": entry.actor_name}


class IncidentIn(serializers.Serializer[Incident]):
    """What opening an incident by hand needs."""

    title = serializers.CharField(max_length=1024)
    service = serializers.SlugRelatedField("name", queryset=Service.objects.select_related("team"))
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=100_000)
    severity = serializers.ChoiceField(Severity.choices, required=False, allow_null=True, default=None)
    urgency = serializers.ChoiceField(
        Urgency.choices, required=False, help_text="How loudly to notify; without it the service's own rule decides."
    )


class SnoozeIn(serializers.Serializer[None]):
    """How long to leave people alone: one of the three."""

    until = serializers.DateTimeField(required=False, help_text="A moment, with its offset from UTC.")
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=60 * 24 * 30)
    duration = serializers.CharField(required=False, help_text="For example 30m, 2h or 1d.")

    def validate_duration(self, text: str) -> timedelta:
        """A duration as people write it."""
        try:
            return durations.read(text)
        except ValueError as trouble:
            raise serializers.ValidationError(str(trouble)) from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one, turned into the moment it means."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Give one of until, minutes and duration.")
        if "until" in attrs:
            return {"until": attrs["until"]}
        return {"until": clock.now() + (attrs.get("duration") or timedelta(minutes=attrs["minutes"]))}


class MergeIn(serializers.Serializer[None]):
    """Which incident this one turns out to be."""

    into = serializers.IntegerField(min_value=1, help_text="Number of the incident that stays.")


class NoteIn(serializers.Serializer[None]):
    """What somebody found out or decided."""

    text = serializers.CharField(max_length=LONGEST_NOTE)
