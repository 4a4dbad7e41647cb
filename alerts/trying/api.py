"""Mappings over the API: the one in use, versions, and what a draft would come to. Written and tried by managers."""

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Role, User
from alerts import reading
from alerts.mapping import rules, versions
from alerts.mapping.models import MappingVersion
from alerts.mapping.rules import Flat
from alerts.models import Event, Integration
from alerts.trying import rehearsal, trial
from alerts.trying.serializers import (
    MappingOut,
    MappingPreviewIn,
    MappingPreviewOut,
    MappingReplayIn,
    MappingReplayOut,
    MappingUseIn,
    MappingVersionIn,
    MappingVersionOut,
)
from core.errors import Invalid
from incidents.actor import Actor, Via, person


def _by(request: Request) -> Actor:
    return person(cast("User", request.user), Via.API)


def _integration(request: Request, pk: int) -> Integration:
    found = reading.integrations(cast("User", request.user)).select_related("mapping")
    return get_object_or_404(found, pk=pk)


def _versions(request: Request, pk: int) -> QuerySet[MappingVersion]:
    return _integration(request, pk).mapping_versions.select_related("integration").order_by("-id")


def _shown(request: Request, pk: int) -> Response:
    return Response(MappingOut(_integration(request, pk)).data)


class MappingInUse(APIView):
    """An integration's own expressions."""

    @extend_schema(responses=MappingOut, summary="The mapping in use")
    def get(self, request: Request, pk: int) -> Response:
        """The expressions that say what its alerts are."""
        return _shown(request, pk)


class MappingUse(APIView):
    """Which version is in use."""

    role_to_write = Role.MANAGER

    @extend_schema(request=MappingUseIn, responses=MappingOut, summary="Put a version into use, or none")
    def post(self, request: Request, pk: int) -> Response:
        """From the next message on. Doing it twice changes nothing."""
        wish = MappingUseIn(data=request.data)
        wish.is_valid(raise_exception=True)
        versions.use(_integration(request, pk).pk, wish.validated_data["version"], by=_by(request))
        return _shown(request, pk)


class MappingVersionList(ListAPIView[MappingVersion]):
    """What was saved, newest first."""

    serializer_class = MappingVersionOut
    queryset = MappingVersion.objects.none()
    role_to_write = Role.MANAGER

    def get_queryset(self) -> QuerySet[MappingVersion]:
        if getattr(self, "swagger_fake_view", False):  # the schema is made without a request
            return self.queryset
        return _versions(self.request, self.kwargs["pk"])

    @extend_schema(request=MappingVersionIn, responses={201: MappingVersionOut}, summary="Save a version")
    def post(self, request: Request, pk: int) -> Response:
        """It is in use from the next message on; with `use` false it is kept as a draft. Refused with each mistake."""
        integration = _integration(request, pk)
        wish = MappingVersionIn(data=request.data)
        wish.is_valid(raise_exception=True)
        asked = wish.validated_data
        draft = _checked(asked["expressions"])
        wishes = {"comment": asked["comment"], "is_used": asked["use"]}
        saved = versions.save(integration.pk, draft, by=_by(request), **wishes) if draft else None
        if saved is None:
            problem = "Give an expression. To use no mapping at all, put none into use."
            raise Invalid(problem, {"expressions": problem})
        return Response(MappingVersionOut(_versions(request, pk).get(pk=saved.pk)).data, status.HTTP_201_CREATED)


class MappingVersionDetail(RetrieveAPIView[MappingVersion]):
    """One version."""

    serializer_class = MappingVersionOut
    queryset = MappingVersion.objects.none()
    lookup_field = "number"

    def get_queryset(self) -> QuerySet[MappingVersion]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return _versions(self.request, self.kwargs["pk"])


class MappingPreview(APIView):
    """A draft on one message."""

    role_to_write = Role.MANAGER

    @extend_schema(request=MappingPreviewIn, responses=MappingPreviewOut, summary="Try expressions on a message")
    def post(self, request: Request, pk: int) -> Response:
        """What is wrong with an expression stands at its field. Nothing is saved."""
        integration = _integration(request, pk)
        wish = MappingPreviewIn(data=request.data)
        wish.is_valid(raise_exception=True)
        event = _event(integration, wish.validated_data.get("event"))
        return Response(MappingPreviewOut(trial.trial(integration, event, wish.validated_data["expressions"])).data)


class MappingReplay(APIView):
    """A draft on many messages."""

    role_to_write = Role.MANAGER

    @extend_schema(request=MappingReplayIn, responses=MappingReplayOut, summary="Incidents and pages under a draft")
    def post(self, request: Request, pk: int) -> Response:
        """Goes through stored messages by the mapping in use and by this one, each time from nothing. Writes nothing.

        What people did, what was open before the first message, maintenance windows and inhibition are not known to it.
        """
        integration = _integration(request, pk)
        wish = MappingReplayIn(data=request.data)
        wish.is_valid(raise_exception=True)
        draft = _checked(wish.validated_data["expressions"])
        return Response(MappingReplayOut(rehearsal.rehearse(integration, draft, wanted=wish.wanted())).data)


def _checked(draft: Flat) -> Flat:
    """Expressions that can be evaluated. Raises Invalid, naming each field."""
    problems = {f"expressions.{name}": problem for name, problem in rules.check(draft).items()}
    if problems:
        raise Invalid("Some expressions are not valid; see fields.", problems)
    return draft


def _event(integration: Integration, number: int | None) -> Event:
    if number is not None:
        return get_object_or_404(Event, integration=integration, pk=number)
    newest = next(iter(trial.recent(integration)), None)
    if newest is None:
        problem = "No message has come yet."
        raise Invalid(problem, {"event": problem})
    return Event.objects.get(pk=newest.pk, received_at=newest.received_at)


_list: Any = MappingVersionList.as_view()
_one: Any = MappingVersionDetail.as_view()

urlpatterns = [
    path("integrations/<int:pk>/mapping/", MappingInUse.as_view(), name="mapping"),
    path("integrations/<int:pk>/mapping/use/", MappingUse.as_view(), name="mapping-use"),
    path("integrations/<int:pk>/mapping/versions/", _list, name="mapping-versions"),
    path(
        "integrations/<int:pk>/mapping/versions/<int:number>/", MappingVersionDetail.as_view(), name="mapping-version"
    ),
    path("integrations/<int:pk>/mapping/preview/", MappingPreview.as_view(), name="mapping-preview"),
    path("integrations/<int:pk>/mapping/replay/", MappingReplay.as_view(), name="mapping-replay"),
]
