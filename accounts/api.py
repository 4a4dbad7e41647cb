"""The API of people and teams."""

from typing import Any, cast

from django.db.models import Q, QuerySet
from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts import openapi, people  # noqa: F401  openapi makes our ways in known to drf-spectacular
from accounts.models import Role, Scope, Team, User
from accounts.serializers import OwnIn, TeamIn, TeamOut, UserIn, UserOut


@extend_schema_view(
    list=extend_schema(
        summary="People, newest first",
        parameters=[
            OpenApiParameter("q", str, description="Part of a username, name or e-mail address."),
            OpenApiParameter("team", str, description="Name of a team she is in."),
            OpenApiParameter("role", str, enum=Role.values),
            OpenApiParameter("active", bool),
        ],
    ),
    retrieve=extend_schema(summary="One person"),
)
class Users(ReadOnlyModelViewSet[User]):
    """Those who sign in, are paged, or both. Written by admins."""

    lookup_value_regex = "[0-9]{1,18}"
    role_to_write = Role.ADMIN
    scope_to_write = Scope.ADMIN
    serializer_class = UserOut
    queryset = User.objects.prefetch_related("teams")

    def get_queryset(self) -> QuerySet[User]:
        """Narrowed by the URL's filters."""
        found = super().get_queryset()
        asked = self.request.query_params
        if self.action != "list":
            return found
        if words := asked.get("q"):
            found = found.filter(
                Q(username__icontains=words) | Q(full_name__icontains=words) | Q(email__icontains=words)
            )
        if team := asked.get("team"):
            found = found.filter(teams__name=team)
        if role := asked.get("role"):
            found = found.filter(role=role)
        if active := asked.get("active"):
            found = found.filter(is_active=active.lower() in {"1", "true", "yes"})
        return found

    @extend_schema(request=UserIn, responses={201: UserOut}, summary="Make a person")
    def create(self, request: Request) -> Response:
        """Without a password she cannot sign in by one."""
        wish = _read(UserIn(data=request.data))
        user = people.create_user(password=wish.pop("password", None), **wish)
        return Response(UserOut(user).data, status.HTTP_201_CREATED)

    @extend_schema(request=UserIn(partial=True), responses=UserOut, summary="Change a person")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Accounts are not deleted: switch them off by `active`."""
        user = self.get_object()
        wish = _read(UserIn(user, data=request.data, partial=True))
        return Response(UserOut(people.change_user(user.pk, wish)).data)


class Me(APIView):
    """Whoever asks."""

    role_to_write = Role.VIEWER

    @extend_schema(responses=UserOut, summary="Who you are")
    def get(self, request: Request) -> Response:
        """The user of the key, or whoever is signed in."""
        return Response(UserOut(cast("User", request.user)).data)

    @extend_schema(request=OwnIn(partial=True), responses=UserOut, summary="Change what is yours to change")
    def patch(self, request: Request) -> Response:
        """Name, e-mail address and time zone."""
        user = cast("User", request.user)
        wish = _read(OwnIn(user, data=request.data, partial=True))
        return Response(UserOut(people.change_user(user.pk, wish)).data)


@extend_schema_view(
    list=extend_schema(
        summary="Teams, newest first", parameters=[OpenApiParameter("name", str, description="Exactly this name.")]
    ),
    retrieve=extend_schema(summary="One team"),
)
class Teams(ReadOnlyModelViewSet[Team]):
    """Those who own services and answer for them. Written by managers."""

    lookup_value_regex = "[0-9]{1,18}"
    role_to_write = Role.MANAGER
    serializer_class = TeamOut
    queryset = Team.objects.prefetch_related("members")

    def get_queryset(self) -> QuerySet[Team]:
        """Narrowed by the URL's filters."""
        name = self.request.query_params.get("name") if self.action == "list" else None
        return super().get_queryset().filter(name=name) if name else super().get_queryset()

    @extend_schema(request=TeamIn, responses={201: TeamOut}, summary="Make a team")
    def create(self, request: Request) -> Response:
        """With its members."""
        wish = _read(TeamIn(data=request.data))
        team = people.save_team(Team(name=wish["name"]), wish.get("members", []))
        return Response(TeamOut(team).data, status.HTTP_201_CREATED)

    @extend_schema(request=TeamIn(partial=True), responses=TeamOut, summary="Rename a team, or replace its members")
    def partial_update(self, request: Request, pk: str) -> Response:
        """What is not given stays as it is."""
        team = self.get_object()
        wish = _read(TeamIn(team, data=request.data, partial=True))
        team.name = wish.get("name", team.name)
        people.save_team(team, wish.get("members"))
        return Response(TeamOut(Team.objects.prefetch_related("members").get(pk=team.pk)).data)

    @extend_schema(summary="Delete a team")
    def destroy(self, request: Request, pk: str) -> Response:
        """Only one that owns nothing."""
        people.delete_team(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


_router = SimpleRouter()
_router.register("users", Users, basename="api-user")
_router.register("teams", Teams, basename="api-team")

urlpatterns = [path("users/me/", Me.as_view(), name="api-me"), path("", include(_router.urls))]
