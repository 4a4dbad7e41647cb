"""The API of escalation: what a person does to one by hand, and the policies with what they say now."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import User
from core import durations
from escalation import manual
from escalation.models import Policy, PolicyVersion, Step, Target
from incidents.api import caller, shown
from incidents.models import Incident
from incidents.serializers import IncidentOut


class ReassignIn(serializers.Serializer[None]):
    """Either people or a policy."""

    users = serializers.SlugRelatedField(
        "username", queryset=User.objects.all(), many=True, required=False, help_text="They are paged, nobody after."
    )
    policy = serializers.SlugRelatedField(
        "name", queryset=Policy.objects.all(), required=False, help_text="Followed from its first step."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of the two."""
        if bool(attrs.get("users")) == bool(attrs.get("policy")):
            raise serializers.ValidationError("Give either users or a policy.")
        return attrs


class Escalate(APIView):
    """`/incidents/<id>/escalate/`."""

    @extend_schema(request=None, responses=IncidentOut, summary="Page the next step now")
    def post(self, request: Request, pk: int) -> Response:
        """Past the last step, the team's managers are paged, then all admins."""
        incident = get_object_or_404(Incident, pk=pk)
        manual.escalate(incident.pk, by=caller(request))
        return shown(request, pk)


class Reassign(APIView):
    """`/incidents/<id>/reassign/`."""

    @extend_schema(request=ReassignIn, responses=IncidentOut, summary="Page these people instead, or follow a policy")
    def post(self, request: Request, pk: int) -> Response:
        """What was acknowledged or snoozed is triggered again: whoever is paged now has to answer."""
        incident = get_object_or_404(Incident, pk=pk)
        wish = ReassignIn(data=request.data)
        wish.is_valid(raise_exception=True)
        chosen = wish.validated_data
        manual.reassign(incident.pk, users=chosen.get("users"), policy=chosen.get("policy"), by=caller(request))
        return shown(request, pk)


class StepOut(serializers.ModelSerializer[Step]):
    """One rung: page these, then wait."""

    notify = serializers.SerializerMethodField()
    wait = serializers.SerializerMethodField(help_text="For example 5m.")

    class Meta:
        model = Step
        fields = ["number", "notify", "wait"]

    def get_notify(self, step: Step) -> list[dict[str, str]]:
        """As `apply` files write it: {"user": name}, {"schedule": name} or {"team": name}."""
        return [_named(target) for target in step.targets.all()]

    def get_wait(self, step: Step) -> str:
        """As `apply` files write it."""
        return durations.write(step.wait)


class PolicyOut(serializers.ModelSerializer[Policy]):
    """A policy and what it says now."""

    team = serializers.CharField(source="team.name", read_only=True, allow_null=True)
    version = serializers.SerializerMethodField(help_text="Number of the current version; null before the first.")
    repeat = serializers.SerializerMethodField(help_text="Further passes after the first.")
    steps = serializers.SerializerMethodField()
    services = serializers.SerializerMethodField(help_text="Names of the services it answers for.")

    class Meta:
        model = Policy
        fields = ["id", "name", "team", "version", "repeat", "steps", "services"]

    def get_version(self, policy: Policy) -> int | None:
        """The highest number."""
        current = _current(policy)
        return current.number if current else None

    def get_repeat(self, policy: Policy) -> int:
        """0 where it says nothing yet."""
        current = _current(policy)
        return current.repeat if current else 0

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, policy: Policy) -> list[dict[str, Any]]:
        """In order."""
        current = _current(policy)
        return list(StepOut(current.steps.all() if current else [], many=True).data)

    def get_services(self, policy: Policy) -> list[str]:
        """In alphabetical order."""
        return sorted(coverage.service.name for coverage in policy.covers.all())


@extend_schema_view(
    list=extend_schema(
        summary="Escalation policies, newest first",
        parameters=[OpenApiParameter("name", str, description="Exactly this name.")],
    ),
    retrieve=extend_schema(summary="One escalation policy"),
)
class Policies(ReadOnlyModelViewSet[Policy]):
    """Who is paged in which order."""

    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = PolicyOut
    queryset = Policy.objects.select_related("team")

    def get_queryset(self) -> QuerySet[Policy]:
        """With the current version's steps, in a fixed number of queries."""
        targets = Target.objects.order_by("id").select_related("user", "schedule", "team")
        steps = Step.objects.order_by("number").prefetch_related(Prefetch("targets", targets))
        newest = PolicyVersion.objects.order_by("policy_id", "-number").distinct("policy_id")
        versions = newest.prefetch_related(Prefetch("steps", steps))
        name = self.request.query_params.get("name") if self.action == "list" else None
        found = super().get_queryset().prefetch_related(Prefetch("versions", versions), "covers__service")
        return found.filter(name=name) if name else found


def _current(policy: Policy) -> PolicyVersion | None:
    return next(iter(policy.versions.all()), None)


def _named(target: Target) -> dict[str, str]:
    if target.user is not None:
        return {"user": target.user.username}
    if target.schedule is not None:
        return {"schedule": target.schedule.name}
    return {"team": target.team.name} if target.team is not None else {}


_router = SimpleRouter()
_router.register("escalation-policies", Policies, basename="api-escalation-policy")

urlpatterns = [
    path("incidents/<int:pk>/escalate/", Escalate.as_view(), name="api-incident-escalate"),
    path("incidents/<int:pk>/reassign/", Reassign.as_view(), name="api-incident-reassign"),
    path("", include(_router.urls)),
]
