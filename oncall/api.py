"""The API of schedules: what they draw, who is on call now, and the shifts of a stretch of time."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ReadOnlyModelViewSet

from core import clock
from oncall import roster
from oncall.models import Override, Rotation, Schedule

_LONGEST = timedelta(days=92)


class OnCallOut(serializers.Serializer[Any]):
    """Somebody who is on call."""

    user = serializers.CharField(source="user.username")
    until = serializers.DateTimeField(allow_null=True, help_text="The next hand-off or change, if one is in sight.")
    why = serializers.CharField()


class ShiftOut(serializers.Serializer[Any]):
    """One stretch of time."""

    user = serializers.CharField(
        source="user.username", allow_null=True, default=None, help_text="Null where nobody is on call."
    )
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    why = serializers.CharField()


class ShiftsAsked(serializers.Serializer[None]):
    """Which stretch of time."""

    start = serializers.DateTimeField(required=False)
    end = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, datetime]:
        """From now and for four weeks unless said otherwise, at most 92 days."""
        start = attrs.get("start") or clock.now()
        end = attrs.get("end") or start + timedelta(weeks=4)
        if not timedelta() < end - start <= _LONGEST:
            raise serializers.ValidationError({"end": f"Lies after start, by at most {_LONGEST.days} days."})
        return {"start": start, "end": end}


class RotationOut(serializers.ModelSerializer[Rotation]):
    """People in turn."""

    every = serializers.SerializerMethodField(help_text="Length of a turn, for example 1w.")
    start = serializers.SerializerMethodField(help_text="First hand-off, in the schedule's wall time.")
    people = serializers.SerializerMethodField()

    class Meta:
        model = Rotation
        fields = ["name", "layer", "every", "start", "people"]

    def get_every(self, row: Rotation) -> str:
        """As `apply` files write it."""
        return f"{row.every_count}{row.every_unit}"

    def get_start(self, row: Rotation) -> str:
        """As `apply` files write it."""
        return f"{row.start_date:%Y-%m-%d}T{row.handoff_time:%H:%M}"

    def get_people(self, row: Rotation) -> list[str]:
        """Names in turn order."""
        return [member.user.username for member in sorted(row.members.all(), key=lambda member: member.position)]


class OverrideOut(serializers.ModelSerializer[Override]):
    """One-off cover."""

    person = serializers.CharField(source="person.username", read_only=True)

    class Meta:
        model = Override
        fields = ["person", "start_at", "end_at"]


class ScheduleOut(serializers.ModelSerializer[Schedule]):
    """A schedule as the API shows it."""

    team = serializers.CharField(source="team.name", read_only=True, allow_null=True)
    on_call_now = serializers.SerializerMethodField()
    rotations = RotationOut(many=True, read_only=True)
    overrides = OverrideOut(many=True, read_only=True, help_text="Those that are not over.")

    class Meta:
        model = Schedule
        fields = ["id", "name", "team", "time_zone", "on_call_now", "rotations", "overrides"]

    @extend_schema_field(OnCallOut(many=True))
    def get_on_call_now(self, schedule: Schedule) -> list[dict[str, Any]]:
        """Who is on call at this moment; empty where nobody is."""
        return list(OnCallOut(roster.on_call(schedule, clock.now()), many=True).data)


@extend_schema_view(
    list=extend_schema(
        summary="Schedules, newest first",
        parameters=[OpenApiParameter("name", str, description="Exactly this name.")],
    ),
    retrieve=extend_schema(summary="One schedule"),
)
class Schedules(ReadOnlyModelViewSet[Schedule]):
    """Who is on call when."""

    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = ScheduleOut
    queryset = Schedule.objects.select_related("team")

    def get_queryset(self) -> QuerySet[Schedule]:
        """With all that is drawn, in a fixed number of queries."""
        found = super().get_queryset()
        if self.action == "shifts":
            return found
        name = self.request.query_params.get("name") if self.action == "list" else None
        return (found.filter(name=name) if name else found).prefetch_related(*roster.drawn(clock.now()))

    @extend_schema(parameters=[ShiftsAsked], responses=ShiftOut(many=True), summary="Who is on call from when to when")
    @action(detail=True, pagination_class=None)
    def shifts(self, request: Request, pk: str) -> Response:
        """All the time asked for, in order; a stretch without anybody has no user."""
        asked = ShiftsAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = roster.shifts(self.get_object(), **asked.validated_data)
        return Response({"results": ShiftOut(found, many=True).data})


_router = SimpleRouter()
_router.register("schedules", Schedules, basename="api-schedule")

urlpatterns = [path("", include(_router.urls))]
