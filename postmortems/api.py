"""The API of postmortems and action items: lists, one, drafting, writing, the moves of a review, and the export."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django.urls import include, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from accounts.models import Role, User
from incidents.actor import Via
from postmortems import action_items, drafting, editing, export, reading, review
from postmortems.action_items import Wish, wish_of
from postmortems.models import ActionItem, ActionItemQuerySet, Postmortem, PostmortemQuerySet
from postmortems.serializers import (
    ActionItemChange,
    ActionItemIn,
    ActionItemOut,
    DraftIn,
    MoveIn,
    PostmortemOut,
    PostmortemWhole,
    TextIn,
)
from postmortems.states import Move
from postmortems.states import Status as PostmortemStatus

_FILTERS = [
    OpenApiParameter("status", str, enum=[str(each) for each in PostmortemStatus]),
    OpenApiParameter("service", str, description="Name of a service."),
    OpenApiParameter("owner", str, description="User name."),
    OpenApiParameter("mine", bool, description="Owned by you."),
    OpenApiParameter("q", str, description="Words in title or text."),
]
_ITEM_FILTERS = [
    OpenApiParameter("status", str, enum=ActionItem.Status.values),
    OpenApiParameter("owner", str, description="User name."),
    OpenApiParameter("mine", bool, description="Owned by you."),
    OpenApiParameter("overdue", bool, description="Open, and due before today (UTC)."),
    OpenApiParameter("postmortem", int),
]

_JUDGING = {"request_changes", "approve", "reopen"}


class MarkdownRenderer(BaseRenderer):
    """A text as it is; an error, which is no text, as JSON."""

    media_type = "text/markdown"
    format = "md"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """For the wire."""
        return data.encode() if isinstance(data, str) else json.dumps(data).encode()


@extend_schema_view(
    list=extend_schema(parameters=_FILTERS, summary="Postmortems, newest first"),
    retrieve=extend_schema(responses=PostmortemWhole, summary="One postmortem, whole"),
)
class Postmortems(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Postmortem]):
    """Written reviews of incidents."""

    lookup_value_regex = "[0-9]{1,18}"
    queryset = Postmortem.objects.none()

    @property
    def role_to_write(self) -> Role:
        """Writing is for responders, judging for managers."""
        return Role.MANAGER if self.action in _JUDGING else Role.RESPONDER

    def get_serializer_class(self) -> type[BaseSerializer[Postmortem]]:
        """Lists leave the text out."""
        return PostmortemOut if self.action == "list" else PostmortemWhole

    def get_queryset(self) -> PostmortemQuerySet:
        """The list narrowed by the URL's filters; one postmortem is found whatever they say."""
        params = self.request.query_params if self.action == "list" else {}
        found = reading.postmortems(cast("User", self.request.user), params)
        return found if self.action == "list" else found.prefetch_related("reviews__by", "action_items__owner")

    @extend_schema(request=DraftIn, responses={201: PostmortemWhole}, summary="Draft one from a resolved incident")
    def create(self, request: Request) -> Response:
        """Where the incident has a postmortem already, that one is answered."""
        wish = _read(DraftIn(data=request.data))
        made = drafting.draft(
            wish["incident"].pk, by=cast("User", request.user), via=Via.API, template=wish.get("template")
        )
        return self._shown(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=TextIn, responses=PostmortemWhole, summary="Write title or text")
    def partial_update(self, request: Request, pk: str) -> Response:
        """`version` is the one that was read; 409 `stale` where somebody saved meanwhile."""
        present = self.get_object()
        wish = _read(TextIn(data=request.data))
        editing.edit(
            present.pk,
            by=cast("User", request.user),
            version=wish["version"],
            title=wish.get("title", present.title),
            body=wish.get("body", present.body),
        )
        return self._shown(present.pk)

    @extend_schema(request=MoveIn, responses=PostmortemWhole, summary="Put it before the managers")
    @action(detail=True, methods=["post"])
    def ask_for_review(self, request: Request, pk: str) -> Response:
        """From draft, or after changes were requested."""
        return self._move(request, Move.ASK_FOR_REVIEW)

    @extend_schema(request=MoveIn, responses=PostmortemWhole, summary="Hand it back with a comment")
    @action(detail=True, methods=["post"])
    def request_changes(self, request: Request, pk: str) -> Response:
        """Needs the role manager, and a comment that says what should change."""
        return self._move(request, Move.REQUEST_CHANGES)

    @extend_schema(request=MoveIn, responses=PostmortemWhole, summary="Approve it")
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Needs the role manager; nobody but an admin approves her own."""
        return self._move(request, Move.APPROVE)

    @extend_schema(request=MoveIn, responses=PostmortemWhole, summary="Make an approved one a draft again")
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Needs the role manager."""
        return self._move(request, Move.REOPEN)

    @extend_schema(
        responses={(200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR)}, summary="The whole document in Markdown"
    )
    @action(detail=True, renderer_classes=[MarkdownRenderer, JSONRenderer])
    def export(self, request: Request, pk: str) -> Response:
        """Text, timeline, action items as they stand, and reviews. Times are in your time zone, with UTC."""
        text = export.markdown(self.get_object(), time_zone=cast("User", request.user).time_zone)
        return Response(text, content_type="text/markdown; charset=utf-8")

    def _move(self, request: Request, what: Move) -> Response:
        wish = _read(MoveIn(data=request.data))
        shown = self.get_object()
        review.move(
            shown.pk,
            what,
            by=cast("User", request.user),
            via=Via.API,
            comment=wish["comment"],
            version=wish["version"],
        )
        return self._shown(shown.pk)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        return Response(PostmortemWhole(self.get_queryset().get(pk=pk)).data, code)


@extend_schema_view(
    list=extend_schema(parameters=_ITEM_FILTERS, summary="Action items, newest first"),
    retrieve=extend_schema(summary="One action item"),
)
class ActionItems(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[ActionItem]):
    """Work that keeps incidents from happening again."""

    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = ActionItemOut
    queryset = ActionItem.objects.none()

    def get_queryset(self) -> ActionItemQuerySet:
        """The list narrowed by the URL's filters; one item is found whatever they say."""
        params = self.request.query_params if self.action == "list" else {}
        return reading.action_items(cast("User", self.request.user), params)

    @extend_schema(request=ActionItemIn, responses={201: ActionItemOut}, summary="Add one")
    def create(self, request: Request) -> Response:
        """To a postmortem of any status."""
        wish = _read(ActionItemIn(data=request.data))
        postmortem = wish.pop("postmortem")
        item = action_items.add(postmortem.pk, by=cast("User", request.user), wish=Wish(**wish), via=Via.API)
        return Response(ActionItemOut(item).data, status.HTTP_201_CREATED)

    @extend_schema(request=ActionItemChange, responses=ActionItemOut, summary="Change a part of it")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Owner, day, title or status."""
        item = self.get_object()
        wish = _read(ActionItemChange(data=request.data))
        action_items.change(item.pk, by=cast("User", request.user), wish=replace(wish_of(item), **wish), via=Via.API)
        return Response(ActionItemOut(self.get_object()).data)


def _read(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


_router = SimpleRouter()
_router.register("postmortems", Postmortems, basename="postmortem")
_router.register("action-items", ActionItems, basename="action-item")

urlpatterns = [path("", include(_router.urls))]
