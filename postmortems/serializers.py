"""How postmortems and action items look in the API: one serializer to read, one to write. References are names."""

from django.conf import settings
from rest_framework import serializers

from accounts.models import User
from core.api import Amendment
from incidents.models import Incident
from postmortems.editing import LONGEST_BODY
from postmortems.models import ActionItem, Postmortem, Review, Template
from postmortems.review import LONGEST_COMMENT


class ReviewOut(serializers.ModelSerializer[Review]):
    """One move, and what was said with it."""

    by = serializers.CharField(source="by.username")

    class Meta:
        model = Review
        fields = ["at", "by", "move", "comment", "version"]
        read_only_fields = fields


class ActionItemOut(serializers.ModelSerializer[ActionItem]):
    """Work that keeps it from happening again."""

    postmortem = serializers.IntegerField(source="postmortem_id")
    incident = serializers.IntegerField(source="postmortem.incident_id")
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True)
    is_overdue = serializers.BooleanField()

    class Meta:
        model = ActionItem
        fields = [
            *("id", "postmortem", "incident", "title", "owner", "due_on", "status", "is_overdue"),
            *("created_at", "done_at"),
        ]
        read_only_fields = fields


class PostmortemOut(serializers.ModelSerializer[Postmortem]):
    """A postmortem in a list: without its text."""

    incident = serializers.IntegerField(source="incident_id")
    service = serializers.CharField(source="incident.service.name")
    owner = serializers.CharField(source="owner.username")
    approved_by = serializers.CharField(source="approved_by.username", default=None, allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Postmortem
        fields: list[str] = [
            *("id", "incident", "service", "title", "status", "owner", "version"),
            *("created_at", "updated_at", "approved_at", "approved_by", "url"),
        ]
        read_only_fields = fields

    def get_url(self, postmortem: Postmortem) -> str:
        """Its page."""
        return f"{settings.PUBLIC_URL}{postmortem.get_absolute_url()}"


class PostmortemWhole(PostmortemOut):
    """One postmortem with its text in Markdown, its reviews and its action items."""

    reviews = ReviewOut(many=True)
    action_items = ActionItemOut(many=True)

    class Meta(PostmortemOut.Meta):
        fields = [*PostmortemOut.Meta.fields, "body", "reviews", "action_items"]
        read_only_fields = fields


class DraftIn(serializers.Serializer[None]):
    """Which incident to look back on. The drafter becomes the owner."""

    incident = serializers.PrimaryKeyRelatedField(queryset=Incident.objects.all())
    template = serializers.SlugRelatedField(
        slug_field="name", queryset=Template.objects.all(), required=False, allow_null=True
    )


class TextIn(serializers.Serializer[None]):
    """A new text over `version`, the one that was read. What is left out stays."""

    version = serializers.IntegerField(min_value=1)
    title = serializers.CharField(max_length=Postmortem.LONGEST_TITLE, required=False)
    body = serializers.CharField(max_length=LONGEST_BODY, required=False, allow_blank=True, trim_whitespace=False)


class MoveIn(serializers.Serializer[None]):
    """What is said with a move, and the version it is about: refused where the text has changed since."""

    comment = serializers.CharField(max_length=LONGEST_COMMENT, required=False, allow_blank=True, default="")
    version = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class ActionItemIn(serializers.Serializer[None]):
    """A new action item."""

    postmortem = serializers.PrimaryKeyRelatedField(queryset=Postmortem.objects.all())
    title = serializers.CharField(max_length=ActionItem.LONGEST_TITLE)
    owner = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.active(), required=False, allow_null=True
    )
    due_on = serializers.DateField(required=False, allow_null=True)
    status = serializers.ChoiceField(choices=ActionItem.Status.choices, required=False)


class ActionItemChange(Amendment):
    """What of an action item is to change; what is left out stays."""

    title = serializers.CharField(max_length=ActionItem.LONGEST_TITLE, required=False)
    owner = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.active(), required=False, allow_null=True
    )
    due_on = serializers.DateField(required=False, allow_null=True)
    status = serializers.ChoiceField(choices=ActionItem.Status.choices, required=False)
