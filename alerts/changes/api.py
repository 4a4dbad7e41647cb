"""Changes in the API: to be read."""

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView

from accounts.models import User
from alerts.changes import reading as changes
from alerts.models import Change
from alerts.serializers import ChangeOut
from core.errors import Invalid
from incidents.models import Incident


@extend_schema(
    summary="What was done, newest first",
    parameters=[
        OpenApiParameter("service", description="Name of the service."),
        OpenApiParameter("integration", description="Name of the integration."),
        OpenApiParameter("incident", int, description="Only what was done in the 24 hours before this one opened."),
    ],
)
class ChangeList(ListAPIView[Change]):
    """Deployments and the like."""

    serializer_class = ChangeOut
    queryset = Change.objects.none()

    def get_queryset(self) -> QuerySet[Change]:
        if getattr(self, "swagger_fake_view", False):  # the schema is made without a request
            return self.queryset
        user = cast("User", self.request.user)
        asked = {
            name: str(self.request.query_params.get(name, "")).replace("\0", "").strip()
            for name in ("service", "integration", "incident")
        }
        found = changes.listed(user, service=asked["service"], integration=asked["integration"])
        if not asked["incident"]:
            return found
        if not (asked["incident"].isascii() and asked["incident"].isdecimal()) or len(asked["incident"]) > 18:
            problem = "Give the number of an incident."
            raise Invalid(problem, {"incident": problem})
        incident = get_object_or_404(Incident.objects.visible_to(user), pk=int(asked["incident"]))
        return found.filter(at__lte=incident.created_at, at__gt=incident.created_at - changes.SHORTLY)


@extend_schema(summary="One change")
class ChangeDetail(RetrieveAPIView[Change]):
    """A deployment or the like."""

    serializer_class = ChangeOut
    queryset = Change.objects.none()

    def get_queryset(self) -> QuerySet[Change]:
        return changes.listed(cast("User", self.request.user))


_changes: Any = ChangeList.as_view()

urlpatterns = [
    path("changes/", _changes, name="changes"),
    path("changes/<int:pk>/", ChangeDetail.as_view(), name="change"),
]
