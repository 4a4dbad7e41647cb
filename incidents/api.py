"""The API of incidents: lists, one, its timeline, and the verbs as POSTs that answer with the incident after it."""

from typing import Any, cast

from django.http import Http404
from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from core.api import NewestFirst
from incidents import lifecycle, merging, reading
from incidents.actor import Actor, Via, person
from incidents.models import Incident, IncidentQuerySet
from incidents.opening import Opening, open_incident
from incidents.serializers import IncidentIn, IncidentOut, MergeIn, NoteIn, SnoozeIn, TimelineEntryOut
from incidents.urgency import urgency_for

_FILTERS = [
    OpenApiParameter("status", str, description="One or several by comma; `open` is all that are not resolved."),
    OpenApiParameter("service", str, description="Name of a service."),
    OpenApiParameter("team", str, description="Name of the team that owns the service."),
    OpenApiParameter("urgency", str, enum=["high", "low"]),
    OpenApiParameter("q", str, description="Words in title, description or group key; or a number."),
    OpenApiParameter("mine", bool, description="Of your teams, acknowledged by you, or you were paged."),
]


def caller(request: Request) -> Actor:
    """Who acts through the API."""
    return person(cast("User", request.user), Via.API)


def shown(request: Request, pk: int) -> Response:
    """The incident as it is now. Raises Http404."""
    incident = reading.incidents(cast("User", request.user), reading.Wanted()).filter(pk=pk).first()
    if incident is None:
        raise Http404
    return Response(IncidentOut(incident).data)


@extend_schema_view(
    list=extend_schema(parameters=_FILTERS, summary="Incidents, newest first"),
    retrieve=extend_schema(summary="One incident"),
)
class Incidents(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Incident]):
    """Incidents, and what can be done to them."""

    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = IncidentOut
    queryset = Incident.objects.none()

    def get_queryset(self) -> IncidentQuerySet:
        """The list narrowed by the URL's filters; one incident is found whatever they say."""
        wish = reading.wanted(self.request.query_params) if self.action == "list" else reading.Wanted()
        return reading.incidents(cast("User", self.request.user), wish)

    @extend_schema(request=IncidentIn, responses={201: IncidentOut}, summary="Open an incident by hand")
    def create(self, request: Request) -> Response:
        """Open an incident by hand; people are paged as for any other."""
        wish = self._read(IncidentIn(data=request.data))
        service, severity = wish["service"], wish["severity"]
        incident, _ = open_incident(
            Opening(
                service=service,
                title=wish["title"],
                description=wish["description"],
                severity=severity,
                urgency=wish.get("urgency") or urgency_for(service.urgency, severity),
                reason="opened_by_hand",
            ),
            by=caller(request),
        )
        answer = shown(request, incident.pk)
        answer.status_code = status.HTTP_201_CREATED
        return answer

    @extend_schema(request=None, responses=IncidentOut, summary="Somebody has it")
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Stops escalation. Doing it twice changes nothing."""
        lifecycle.acknowledge(self.get_object().pk, by=caller(request))
        return shown(request, int(pk))

    @extend_schema(request=None, responses=IncidentOut, summary="Nobody has it any more")
    @action(detail=True, methods=["post"])
    def unacknowledge(self, request: Request, pk: str) -> Response:
        """Escalates anew from the first step. Ends a snooze, too."""
        lifecycle.unacknowledge(self.get_object().pk, by=caller(request))
        return shown(request, int(pk))

    @extend_schema(request=None, responses=IncidentOut, summary="It is over")
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Closes it. Doing it twice changes nothing."""
        lifecycle.resolve(self.get_object().pk, by=caller(request))
        return shown(request, int(pk))

    @extend_schema(request=None, responses=IncidentOut, summary="It was not over")
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Escalates anew from the first step."""
        lifecycle.reopen(self.get_object().pk, by=caller(request))
        return shown(request, int(pk))

    @extend_schema(request=SnoozeIn, responses=IncidentOut, summary="Leave people alone for a while")
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """When the time is over, it escalates anew from the first step."""
        wish = self._read(SnoozeIn(data=request.data))
        lifecycle.snooze(self.get_object().pk, until=wish["until"], by=caller(request))
        return shown(request, int(pk))

    @extend_schema(request=MergeIn, responses=IncidentOut, summary="It is the same as another")
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """Resolves it as a part of another, which is open."""
        into = self._read(MergeIn(data=request.data))["into"]
        if not self.get_queryset().filter(pk=into).exists():
            raise Http404(f"There is no incident #{into}.")
        merging.merge(self.get_object().pk, into=into, by=caller(request))
        return shown(request, int(pk))

    @extend_schema(request=NoteIn, responses={201: TimelineEntryOut}, summary="Write something into the timeline")
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Answers with the new entry."""
        text = self._read(NoteIn(data=request.data))["text"]
        entry = lifecycle.note(self.get_object().pk, text=text, by=caller(request))
        return Response(TimelineEntryOut(entry).data, status.HTTP_201_CREATED)

    @extend_schema(responses=TimelineEntryOut(many=True), summary="What happened to it, newest first")
    @action(detail=True)
    def timeline(self, request: Request, pk: str) -> Response:
        """Who did what when and why, and who was paged how."""
        pages = NewestFirst()
        page = pages.paginate_queryset(self.get_object().timeline.all(), request, view=self)
        return pages.get_paginated_response(TimelineEntryOut(page, many=True).data)

    def _read(self, serializer: BaseSerializer[Any]) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


_router = SimpleRouter()
_router.register("incidents", Incidents, basename="api-incident")

urlpatterns = [path("", include(_router.urls))]
