"""People and teams as the API shows and reads them."""

from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.models import Role, Team, User
from core.api import Amendment


class UserOut(serializers.ModelSerializer[User]):
    """A person."""

    active = serializers.BooleanField(source="is_active", help_text="Whether she can sign in and be paged.")
    teams: "serializers.SlugRelatedField[Team]" = serializers.SlugRelatedField("name", many=True, read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "full_name", "email", "role", "time_zone", "active", "teams", "created_at"]
        read_only_fields = fields


class OwnIn(Amendment, serializers.ModelSerializer[User]):
    """What everybody may change about herself."""

    class Meta:
        model = User
        fields = ["full_name", "email", "time_zone"]

    def validate_time_zone(self, value: str) -> str:
        """An IANA name."""
        if value not in available_timezones():
            raise serializers.ValidationError(f"{value} is not an IANA time zone; write it like Europe/Berlin.")
        return value


class UserIn(OwnIn):
    """What admins may write."""

    role = serializers.ChoiceField(choices=Role.choices, required=False)
    active = serializers.BooleanField(source="is_active", required=False)
    password = serializers.CharField(write_only=True, required=False, max_length=500)

    class Meta(OwnIn.Meta):
        fields = ["username", *OwnIn.Meta.fields, "role", "active", "password"]

    def validate_password(self, value: str) -> str:
        """Long enough, and not among the common ones."""
        try:
            validate_password(value)
        except ValidationError as weak:
            raise serializers.ValidationError(weak.messages) from None
        return value


class TeamOut(serializers.ModelSerializer[Team]):
    """A team."""

    members = serializers.SerializerMethodField(help_text="Usernames, in alphabetical order.")

    class Meta:
        model = Team
        fields = ["id", "name", "members"]

    def get_members(self, team: Team) -> list[str]:
        """In alphabetical order."""
        return sorted(user.username for user in team.members.all())


class TeamIn(Amendment, serializers.ModelSerializer[Team]):
    """A team as it shall be; `members` replaces all of them."""

    members = serializers.SlugRelatedField(
        "username", queryset=User.objects.all(), many=True, required=False, help_text="Usernames."
    )

    class Meta:
        model = Team
        fields = ["name", "members"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Nobody twice."""
        members = attrs.get("members", [])
        if len({user.pk for user in members}) != len(members):
            raise serializers.ValidationError({"members": ["Somebody is named twice."]})
        return attrs
