"""Silences, maintenance windows and inhibition rules over the API: lists, one, and the verbs."""

from typing import Any, cast

from django.db.models import QuerySet
from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from accounts.models import Role, User
from alerts.muting import inhibition, silences, windows
from alerts.muting import reading as mute_reading
from alerts.muting.matchers import known
from alerts.muting.models import InhibitionRule, MaintenanceWindow, Silence, SilenceState
from alerts.muting.serializers import PreviewOut, RuleIn, RuleOut, ScopeIn, SilenceIn, SilenceOut, WindowIn, WindowOut
from core.errors import Invalid

_ID = "[0-9]{1,18}"


def _user(request: Request) -> User:
    return cast("User", request.user)


def _asked(request: Request, name: str) -> str:
    return str(request.query_params.get(name, "")).replace("\0", "").strip()


def _preview(request: Request) -> Response:
    wish = ScopeIn(data=request.data)
    wish.is_valid(raise_exception=True)
    asked = wish.validated_data
    matchers = silences.checked(asked["matchers"]) if asked["matchers"] else []
    scope = {f"{name}_ids": [asked[name].pk] for name in ("service", "integration") if asked[name] is not None}
    if not matchers and not scope:
        problem = "Say what to look for: matchers, a service or an integration."
        raise Invalid(problem, {"matchers": problem})
    return Response(PreviewOut(mute_reading.preview(known(tuple(matchers)), **scope)).data)


@extend_schema_view(
    list=extend_schema(
        summary="Silences, newest first",
        parameters=[
            OpenApiParameter("state", enum=SilenceState.values),
            OpenApiParameter("created_by", description="Exactly this owner."),
            OpenApiParameter("q", description="Words of the comment or a matcher."),
        ],
    ),
    retrieve=extend_schema(summary="One silence"),
)
class Silences(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Silence]):
    """Who mutes what, until when and why."""

    lookup_value_regex = _ID
    serializer_class = SilenceOut
    queryset = Silence.objects.none()

    def get_queryset(self) -> QuerySet[Silence]:
        """Narrowed by the URL's filters."""
        if self.action != "list":
            return mute_reading.silences(_user(self.request))
        return mute_reading.silences(
            _user(self.request),
            state=_asked(self.request, "state"),
            owner=_asked(self.request, "created_by"),
            q=_asked(self.request, "q"),
        )

    @extend_schema(request=SilenceIn, responses={201: SilenceOut}, summary="Silence what matches")
    def create(self, request: Request) -> Response:
        """Page nobody for what these matchers match; alerts are kept and counted as ever."""
        wish = SilenceIn(data=request.data)
        wish.is_valid(raise_exception=True)
        silence = silences.create(wish.wish(), owner=_user(request).username)
        return Response(SilenceOut(silence).data, status.HTTP_201_CREATED)

    @extend_schema(request=SilenceIn, responses=SilenceOut, summary="Change a silence")
    def partial_update(self, request: Request, pk: str) -> Response:
        """What has expired stays so: make a new one."""
        found = self.get_object()
        wish = SilenceIn(data=request.data, partial=True)
        wish.is_valid(raise_exception=True)
        return Response(SilenceOut(silences.change(found.pk, wish.wish(found))).data)

    @extend_schema(request=None, responses=SilenceOut, summary="End a silence now")
    @action(detail=True, methods=["post"])
    def expire(self, request: Request, pk: str) -> Response:
        """What it mutes and still fires pages now. Doing it twice changes nothing."""
        silences.expire(self.get_object().pk, by=_user(request).username)
        return Response(SilenceOut(self.get_object()).data)

    @extend_schema(request=ScopeIn, responses=PreviewOut, summary="What a silence would match")
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """Now, and in the last seven days."""
        return _preview(request)


@extend_schema_view(
    list=extend_schema(
        summary="Maintenance windows, newest first",
        parameters=[
            OpenApiParameter("on", enum=["true", "false"], description="Whether it is on now."),
            OpenApiParameter("service", description="Name of a service it is for."),
        ],
    ),
    retrieve=extend_schema(summary="One maintenance window"),
)
class Windows(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[MaintenanceWindow]):
    """Planned work, once or again and again."""

    lookup_value_regex = _ID
    serializer_class = WindowOut
    queryset = MaintenanceWindow.objects.none()

    def get_queryset(self) -> QuerySet[MaintenanceWindow]:
        """Narrowed by the URL's filters."""
        if self.action != "list":
            return mute_reading.windows(_user(self.request))
        on = {"true": True, "false": False}.get(_asked(self.request, "on").lower())
        return mute_reading.windows(_user(self.request), on=on, service=_asked(self.request, "service"))

    @extend_schema(request=WindowIn, responses={201: WindowOut}, summary="Plan maintenance, or begin it now")
    def create(self, request: Request) -> Response:
        """Without `starts` it begins now."""
        wish = WindowIn(data=request.data)
        wish.is_valid(raise_exception=True)
        window = windows.create(wish.wish(), owner=_user(request).username)
        return Response(self._shown(window.pk), status.HTTP_201_CREATED)

    @extend_schema(request=WindowIn, responses=WindowOut, summary="Change a maintenance window")
    def partial_update(self, request: Request, pk: str) -> Response:
        """What is given; the rest stays."""
        found = self.get_object()
        wish = WindowIn(data=request.data, partial=True)
        wish.is_valid(raise_exception=True)
        return Response(self._shown(windows.change(found.pk, wish.wish(found)).pk))

    @extend_schema(responses={204: None}, summary="Take a maintenance window away")
    def destroy(self, request: Request, pk: str) -> Response:
        """What it mutes and still fires pages now."""
        windows.delete(self.get_object().pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=WindowOut, summary="End maintenance early")
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """The occurrence that is on; later ones come as planned."""
        windows.end(self.get_object().pk, by=_user(request).username)
        return Response(self._shown(int(pk)))

    @extend_schema(request=ScopeIn, responses=PreviewOut, summary="What a maintenance window would match")
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """Now, and in the last seven days."""
        return _preview(request)

    def _shown(self, pk: int) -> Any:
        return WindowOut(mute_reading.windows(_user(self.request)).get(pk=pk)).data


@extend_schema_view(
    list=extend_schema(summary="Inhibition rules, newest first"), retrieve=extend_schema(summary="One inhibition rule")
)
class InhibitionRules(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[InhibitionRule]):
    """Which alerts mute which others while they fire. Written by managers."""

    lookup_value_regex = _ID
    serializer_class = RuleOut
    queryset = InhibitionRule.objects.none()
    role_to_write = Role.MANAGER

    def get_queryset(self) -> QuerySet[InhibitionRule]:
        """All of them."""
        return mute_reading.rules(_user(self.request))

    @extend_schema(request=RuleIn, responses={201: RuleOut}, summary="Make an inhibition rule")
    def create(self, request: Request) -> Response:
        """It counts for what fires already, too."""
        wish = RuleIn(data=request.data)
        wish.is_valid(raise_exception=True)
        return Response(RuleOut(inhibition.create(wish.wish())).data, status.HTTP_201_CREATED)

    @extend_schema(request=RuleIn, responses=RuleOut, summary="Change an inhibition rule")
    def partial_update(self, request: Request, pk: str) -> Response:
        """What is given; the rest stays."""
        found = self.get_object()
        wish = RuleIn(data=request.data, partial=True)
        wish.is_valid(raise_exception=True)
        return Response(RuleOut(inhibition.change(found.pk, wish.wish(found))).data)

    @extend_schema(responses={204: None}, summary="Take an inhibition rule away")
    def destroy(self, request: Request, pk: str) -> Response:
        """What it mutes and still fires pages now."""
        inhibition.delete(self.get_object().pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


_router = SimpleRouter()
_router.register("silences", Silences, basename="api-silence")
_router.register("maintenance-windows", Windows, basename="api-maintenance-window")
_router.register("inhibition-rules", InhibitionRules, basename="api-inhibition-rule")

urlpatterns = [path("", include(_router.urls))]
