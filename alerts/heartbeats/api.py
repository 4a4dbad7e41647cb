"""The API of heartbeats. Pings come by the door, which stores them even where Django does not answer."""

from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Role, User
from alerts import reading
from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.heartbeats.verbs import Wish
from alerts.models import Integration
from alerts.serializers import Duration
from catalog.models import Service
from core.api import Amendment
from incidents.models import Severity


class HeartbeatOut(serializers.ModelSerializer[Heartbeat]):
    """Something that ought to ping in each period. `due_at` is when it is missed, or looked at next."""

    service = serializers.CharField(source="service.name", allow_null=True, default=None)
    integration = serializers.CharField(source="integration.name", allow_null=True, default=None)
    period = Duration()
    grace = Duration()
    labels = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Heartbeat
        fields = [
            *("id", "name", "state", "state_since", "reason", "last_ping_at", "due_at", "period", "grace", "service"),
            *("integration", "severity", "title", "description", "labels", "key_prefix", "created_at"),
        ]
        read_only_fields = fields


class HeartbeatWithKey(HeartbeatOut):
    """What is shown once: the key, and the address to ping."""

    key = serializers.CharField()
    url = serializers.CharField()

    class Meta(HeartbeatOut.Meta):
        fields = [*HeartbeatOut.Meta.fields, "key", "url"]
        read_only_fields = fields


class HeartbeatChange(Amendment):
    """What is to be changed of it."""

    name = serializers.CharField(max_length=200)
    period = Duration(help_text="How often it pings, for example 5m.")
    grace = Duration(required=False, help_text="How late a ping may come.")
    service = serializers.SlugRelatedField(
        slug_field="name", queryset=Service.objects.all(), required=False, allow_null=True
    )
    integration = serializers.SlugRelatedField(
        slug_field="name", queryset=Integration.objects.all(), required=False, allow_null=True
    )
    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    title = serializers.CharField(max_length=1024, required=False, allow_blank=True)
    description = serializers.CharField(max_length=16_000, required=False, allow_blank=True)
    labels = serializers.DictField(child=serializers.CharField(max_length=4000), required=False)

    def validate_name(self, name: str) -> str:
        """Names are how everything refers to it."""
        if Heartbeat.objects.filter(name=name).exclude(pk=self.context.get("pk", 0)).exists():
            raise serializers.ValidationError("Another heartbeat has this name.")
        return name


class HeartbeatIn(HeartbeatChange):
    """A new heartbeat, with a service or an integration whose routes name one. Without a `key` one is made."""

    key = serializers.CharField(min_length=32, max_length=200, required=False)


class PausedIn(serializers.Serializer[Any]):
    """Whether anything is expected of it."""

    paused = serializers.BooleanField()


def _user(request: Request) -> User:
    return cast("User", request.user)


@extend_schema(
    parameters=[
        OpenApiParameter("state", enum=HeartbeatState.values),
        OpenApiParameter("service", description="Name of the service."),
        OpenApiParameter("integration", description="Name of the integration."),
        OpenApiParameter("name", description="Exactly this name."),
    ]
)
class HeartbeatList(ListAPIView[Heartbeat]):
    """Heartbeats, newest first. Written by managers."""

    serializer_class = HeartbeatOut
    queryset = Heartbeat.objects.none()
    role_to_write = Role.MANAGER

    def get_queryset(self) -> QuerySet[Heartbeat]:
        names = ("state", "service", "integration", "name")
        asked = {name: str(self.request.query_params.get(name, "")).replace("\0", "").strip() for name in names}
        return reading.heartbeats(_user(self.request), **asked)

    @extend_schema(request=HeartbeatIn, responses={201: HeartbeatWithKey})
    def post(self, request: Request) -> Response:
        """Make one. The answer holds its key and the address to ping, this once."""
        wish = HeartbeatIn(data=request.data)
        wish.is_valid(raise_exception=True)
        values = dict(wish.validated_data)
        key = values.pop("key", None)
        heartbeat, text = heartbeats.create(Wish(**values), key=key)
        return Response(_with_key(heartbeat, text), status.HTTP_201_CREATED)


class HeartbeatDetail(RetrieveAPIView[Heartbeat]):
    """One heartbeat."""

    serializer_class = HeartbeatOut
    queryset = Heartbeat.objects.none()
    role_to_write = Role.MANAGER

    def get_queryset(self) -> QuerySet[Heartbeat]:
        return reading.heartbeats(_user(self.request))

    @extend_schema(request=HeartbeatChange, responses=HeartbeatOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Change what is given."""
        heartbeat = get_object_or_404(self.get_queryset(), pk=pk)
        wish = HeartbeatChange(data=request.data, partial=True, context={"pk": heartbeat.pk})
        wish.is_valid(raise_exception=True)
        heartbeats.change(heartbeat.pk, **wish.validated_data)
        return Response(HeartbeatOut(self.get_queryset().get(pk=pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Forget it; what it raised is resolved."""
        heartbeats.delete(get_object_or_404(self.get_queryset(), pk=pk).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class HeartbeatPause(APIView):
    """Pause a heartbeat, or expect it again."""

    @extend_schema(request=PausedIn, responses=HeartbeatOut)
    def post(self, request: Request, pk: int) -> Response:
        """What a paused one raised is resolved; one that is expected again has a whole period and grace."""
        wish = PausedIn(data=request.data)
        wish.is_valid(raise_exception=True)
        found = reading.heartbeats(_user(request))
        heartbeat = get_object_or_404(found, pk=pk)
        (heartbeats.pause if wish.validated_data["paused"] else heartbeats.resume)(heartbeat.pk)
        return Response(HeartbeatOut(found.get(pk=pk)).data)


class HeartbeatNewKey(APIView):
    """Replace a heartbeat's key."""

    role_to_write = Role.MANAGER

    @extend_schema(request=None, responses={200: HeartbeatWithKey})
    def post(self, request: Request, pk: int) -> Response:
        """The old key is dead at once; the answer holds the new one, this once."""
        heartbeat = get_object_or_404(reading.heartbeats(_user(request)), pk=pk)
        return Response(_with_key(heartbeat, heartbeats.new_key_for(heartbeat.pk)))


def _with_key(heartbeat: Heartbeat, key: str) -> dict[str, Any]:
    shown: dict[str, Any] = dict(HeartbeatOut(heartbeat).data)
    return {**shown, "key": key, "url": settings.PUBLIC_URL + heartbeats.ping_path(key)}


_list: Any = HeartbeatList.as_view()

urlpatterns = [
    path("heartbeats/", _list, name="heartbeats"),
    path("heartbeats/<int:pk>/", HeartbeatDetail.as_view(), name="heartbeat"),
    path("heartbeats/<int:pk>/pause/", HeartbeatPause.as_view(), name="heartbeat-pause"),
    path("heartbeats/<int:pk>/new-key/", HeartbeatNewKey.as_view(), name="heartbeat-new-key"),
]
