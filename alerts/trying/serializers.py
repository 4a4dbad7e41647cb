"""Shapes of mappings, their versions, and what they would come to, in the API."""

from typing import Any

from rest_framework import serializers

from alerts.mapping import rules
from alerts.mapping.expressions import LONGEST_EXPRESSION
from alerts.mapping.models import MappingVersion
from alerts.mapping.versions import LONGEST_COMMENT
from alerts.models import AlertStatus, Integration
from alerts.trying import messages
from alerts.trying.comparing import Kind
from alerts.trying.messages import Wanted
from incidents.models import Severity

_CEL = "CEL; empty or missing: as the source reads it."


def _cel(**more: Any) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_EXPRESSION, **more)


class Expressions(serializers.Serializer[Any]):
    """Expressions by field: CEL over payload, message, and what the source read."""

    title = _cel(help_text=_CEL)
    description = _cel(help_text=_CEL)
    severity = _cel(help_text="A word as senders use them: critical, P2, warn.")
    identity = _cel(help_text="The same text is the same alert.")
    status = _cel(help_text="A word (ok, acked, problem), or whether it fires.")
    labels = serializers.DictField(child=_cel(), required=False, help_text="Labels to add, by their names.")

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """By field, labels as `labels.NAME`. Refuses names that are none."""
        unknown = sorted(set(data) - {*rules.FIELDS, rules.LABELS}) if isinstance(data, dict) else []
        if unknown:
            known = ", ".join((*rules.FIELDS, rules.LABELS))
            raise serializers.ValidationError(dict.fromkeys(unknown, f"There is no such field. Known are {known}."))
        return rules.flat(super().to_internal_value(data))


class MappingVersionOut(serializers.ModelSerializer[MappingVersion]):
    """A version. It never changes."""

    version = serializers.IntegerField(source="number")
    expressions = Expressions()
    in_use = serializers.SerializerMethodField()

    class Meta:
        model = MappingVersion
        fields = ["version", "expressions", "comment", "author", "created_at", "in_use"]
        read_only_fields = fields

    def get_in_use(self, version: MappingVersion) -> bool:
        """Whether it is the one in use."""
        return bool(version.integration.mapping_id == version.pk)


class MappingOut(serializers.Serializer[Integration]):
    """What an integration's mapping is now. `version` is null where none is in use."""

    integration = serializers.CharField(source="name")
    version = serializers.IntegerField(source="mapping.number", allow_null=True, default=None)
    expressions = Expressions(source="mapping.expressions", default=dict)


class MappingVersionIn(serializers.Serializer[Any]):
    """A new version, in use from now on unless `use` is false."""

    expressions = Expressions()
    comment = serializers.CharField(required=False, allow_blank=True, default="", max_length=LONGEST_COMMENT)
    use = serializers.BooleanField(required=False, default=True)


class MappingUseIn(serializers.Serializer[Any]):
    """The version to be in use; null: none."""

    version = serializers.IntegerField(allow_null=True, min_value=1, max_value=2**31 - 1)


class MappingPreviewIn(serializers.Serializer[Any]):
    """Expressions to be tried on one message: the newest, unless one is named."""

    expressions = Expressions()
    event = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class TriedFieldOut(serializers.Serializer[Any]):
    """A field of an alert: as its source reads it, and what it comes to."""

    name = serializers.CharField()
    default = serializers.CharField()
    value = serializers.CharField()
    problem = serializers.CharField(help_text="Why its expression could not be used; empty where nothing is wrong.")


class MappingPreviewOut(serializers.Serializer[Any]):
    """What a message comes to: its first three alerts, field by field."""

    event = serializers.IntegerField(source="event.pk")
    alert_count = serializers.IntegerField()
    alerts = serializers.ListField(child=TriedFieldOut(many=True))
    problem = serializers.CharField(help_text="Why the message tells of no alert.")


class MappingReplayIn(serializers.Serializer[Any]):
    """A draft, and which of the stored messages to go through: the newest, between moments where they are given."""

    expressions = Expressions()
    messages = serializers.IntegerField(
        required=False, default=messages.USUAL_MESSAGES, min_value=1, max_value=messages.MOST_MESSAGES
    )
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)

    def wanted(self) -> Wanted:
        """The stretch that is asked for."""
        asked = self.validated_data
        return Wanted(asked["messages"], asked.get("since"), asked.get("until"))


class IncidentSeen(serializers.Serializer[Any]):
    """An incident as it would have been. `is_gathered`: a storm's incident takes it in."""

    title = serializers.CharField()
    service = serializers.CharField()
    severity = serializers.ChoiceField(choices=Severity.choices, allow_null=True)
    group_key = serializers.CharField()
    opened_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    messages = serializers.IntegerField()
    pages = serializers.IntegerField(help_text="First pages of escalations.")
    is_gathered = serializers.BooleanField()


class IncidentChange(serializers.Serializer[Any]):
    """Incidents of both runs that have messages in common; at most five of each side are named."""

    kind = serializers.ChoiceField(choices=[(each.value, each.value) for each in Kind])
    before_count = serializers.IntegerField()
    before = IncidentSeen(many=True)
    after_count = serializers.IntegerField()
    after = IncidentSeen(many=True)
    fields_changed = serializers.ListField(child=serializers.CharField(), source="fields")
    message_count = serializers.IntegerField()
    messages = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of some events, newest first.")


class AlertSeen(serializers.Serializer[Any]):
    """What an alert would have been taken to say."""

    dedup_key = serializers.CharField(source="identity")
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=AlertStatus.choices)
    severity = serializers.ChoiceField(choices=Severity.choices, allow_null=True)
    service = serializers.CharField()


class AlertChange(serializers.Serializer[Any]):
    """An alert that changes severity, service or status, and how often it was told of."""

    before = AlertSeen()
    after = AlertSeen()
    fields_changed = serializers.ListField(child=serializers.CharField(), source="fields")
    count = serializers.IntegerField()
    messages = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of some events, newest first.")


class Sums(serializers.Serializer[Any]):
    """What one run comes to."""

    incidents = serializers.IntegerField()
    pages = serializers.IntegerField(help_text="First pages of escalations.")
    alerts = serializers.IntegerField()
    gathered = serializers.IntegerField(help_text="What would have been incidents, had no storm gathered them.")


class DifferenceOut(serializers.Serializer[Any]):
    """Both runs, and what is different. The counts are of all; the lists end after fifty."""

    before = Sums()
    after = Sums()
    incident_changes = serializers.IntegerField()
    incidents = IncidentChange(many=True)
    alert_changes = serializers.IntegerField()
    alerts = AlertChange(many=True)
    fields_changed = serializers.DictField(
        child=serializers.IntegerField(), source="fields", help_text="By field, in how many tellings it differs."
    )


class MappingReplayOut(serializers.Serializer[Any]):
    """What the messages would have come to. `difference` is null where there was none to go through."""

    messages = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="Messages by the reason.")
    stopped = serializers.CharField(
        help_text="What was too much: too_many_bytes (older messages are left out), too_many_alerts, too_long (newer)."
    )
    problems = serializers.DictField(child=serializers.IntegerField(), help_text="What failed, and how often.")
    difference = DifferenceOut(allow_null=True)
