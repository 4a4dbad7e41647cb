"""Alerts, raw events and integrations: to be read, and integrations to be made, changed and given a new key."""

from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Role, User
from alerts import reading
from alerts.integrations import keys
from alerts.models import Alert, AlertStatus, Event, EventStatus, Integration
from alerts.muting import reading as mute_reading
from alerts.pipeline import quarantine
from alerts.serializers import (
    AlertOut,
    EventOut,
    EventWithBody,
    IntegrationChange,
    IntegrationIn,
    IntegrationOut,
    IntegrationWithKey,
)
from incidents.models import Incident, Severity


def _user(request: Request) -> User:
    return cast("User", request.user)


def _asked(request: Request, *names: str) -> dict[str, str]:
    return {name: str(request.query_params.get(name, "")).replace("\0", "").strip() for name in names}


class _WithMutes(ListAPIView[Alert]):
    """A list of alerts, each with what mutes it now: found for a page at once."""

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page."""
        page = super().paginate_queryset(queryset)
        mute_reading.note_mutes(page or [])
        return page


@extend_schema(
    parameters=[
        OpenApiParameter("integration", description="Name of the integration."),
        OpenApiParameter("status", enum=AlertStatus.values),
        OpenApiParameter("severity", enum=Severity.values),
        OpenApiParameter("q", description="Words of the title or the dedup key."),
    ]
)
class AlertList(_WithMutes):
    """Deduplicated alerts, newest first."""

    serializer_class = AlertOut
    queryset = Alert.objects.none()

    def get_queryset(self) -> QuerySet[Alert]:
        asked = _asked(self.request, "integration", "status", "severity", "q")
        return reading.alerts(_user(self.request), **asked)


class AlertDetail(RetrieveAPIView[Alert]):
    """One alert, with the reasons of every decision about it."""

    serializer_class = AlertOut
    queryset = Alert.objects.none()

    def get_queryset(self) -> QuerySet[Alert]:
        return reading.alerts(_user(self.request))

    def get_object(self) -> Alert:
        """With what mutes it."""
        alert = super().get_object()
        mute_reading.note_mutes([alert])
        return alert


class IncidentAlerts(_WithMutes):
    """What fires in this incident, and what did; newest first."""

    serializer_class = AlertOut
    queryset = Alert.objects.none()

    def get_queryset(self) -> QuerySet[Alert]:
        if getattr(self, "swagger_fake_view", False):  # the schema is made without a request
            return self.queryset
        incident = get_object_or_404(Incident.objects.visible_to(_user(self.request)), pk=self.kwargs["pk"])
        return reading.alerts_of(incident.pk)


@extend_schema(
    parameters=[
        OpenApiParameter("integration", description="Name of the integration."),
        OpenApiParameter("status", enum=EventStatus.values),
    ]
)
class EventList(ListAPIView[Event]):
    """Raw messages and what they were understood to say, newest first."""

    serializer_class = EventOut
    queryset = Event.objects.none()

    def get_queryset(self) -> QuerySet[Event]:
        return reading.events(_user(self.request), **_asked(self.request, "integration", "status"))


class EventDetail(RetrieveAPIView[Event]):
    """One raw message with its body as text."""

    serializer_class = EventWithBody
    queryset = Event.objects.none()

    def get_queryset(self) -> QuerySet[Event]:
        return reading.events(_user(self.request)).defer(None)


class EventReplay(APIView):
    """Read a message again that lies in quarantine. For managers, as in the admin and on the page."""

    role_to_write = Role.MANAGER

    @extend_schema(request=None, responses={202: EventOut})
    def post(self, request: Request, pk: int) -> Response:
        """Put it back in front of the pipeline."""
        event = get_object_or_404(reading.events(_user(request)), pk=pk)
        quarantine.replay(event.pk)
        event.refresh_from_db(fields=["status", "reason", "problem"])
        return Response(EventOut(event).data, status.HTTP_202_ACCEPTED)


class IntegrationList(ListAPIView[Integration]):
    """Entry points, newest first. Keys are not shown again. Written by admins, as in the admin."""

    serializer_class = IntegrationOut
    queryset = Integration.objects.none()
    role_to_write = Role.ADMIN

    def get_queryset(self) -> QuerySet[Integration]:
        return reading.integrations(_user(self.request))

    @extend_schema(request=IntegrationIn, responses={201: IntegrationWithKey})
    def post(self, request: Request) -> Response:
        """Make one. The answer holds its key, this once."""
        wish = IntegrationIn(data=request.data)
        wish.is_valid(raise_exception=True)
        integration, key = keys.create_integration(**wish.validated_data)
        return Response(_with_key(integration, key), status.HTTP_201_CREATED)


class IntegrationDetail(RetrieveAPIView[Integration]):
    """One entry point."""

    serializer_class = IntegrationOut
    queryset = Integration.objects.none()
    role_to_write = Role.ADMIN

    def get_queryset(self) -> QuerySet[Integration]:
        return reading.integrations(_user(self.request))

    @extend_schema(request=IntegrationChange, responses=IntegrationOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is given. Routes are replaced as a whole."""
        with transaction.atomic():
            integration = get_object_or_404(Integration.objects.select_for_update(no_key=True), pk=pk)
            wish = IntegrationChange(data=request.data, partial=True, context={"integration": integration})
            wish.is_valid(raise_exception=True)
            keys.change_integration(integration, **wish.validated_data)
        return Response(IntegrationOut(reading.integrations(_user(request)).get(pk=pk)).data)


class IntegrationNewKey(APIView):
    """Replace an integration's key."""

    role_to_write = Role.ADMIN

    @extend_schema(request=None, responses={200: IntegrationWithKey})
    def post(self, request: Request, pk: int) -> Response:
        """The old key is dead at once; the answer holds the new one, this once."""
        integration = get_object_or_404(reading.integrations(_user(request)), pk=pk)
        return Response(_with_key(integration, keys.new_key_for(integration)))


def _with_key(integration: Integration, key: str) -> dict[str, Any]:
    shown: dict[str, Any] = dict(IntegrationOut(integration).data)
    return {**shown, "key": key, "url": settings.PUBLIC_URL + keys.webhook_path(integration, key)}


_events: Any = EventList.as_view()
_alerts: Any = AlertList.as_view()
_integrations: Any = IntegrationList.as_view()

urlpatterns = [
    path("alerts/", _alerts, name="alerts"),
    path("alerts/<int:pk>/", AlertDetail.as_view(), name="alert"),
    path("incidents/<int:pk>/alerts/", IncidentAlerts.as_view(), name="incident-alerts"),
    path("events/", _events, name="events"),
    path("events/<int:pk>/", EventDetail.as_view(), name="event"),
    path("events/<int:pk>/replay/", EventReplay.as_view(), name="event-replay"),
    path("integrations/", _integrations, name="integrations"),
    path("integrations/<int:pk>/", IntegrationDetail.as_view(), name="integration"),
    path("integrations/<int:pk>/new-key/", IntegrationNewKey.as_view(), name="integration-new-key"),
]
