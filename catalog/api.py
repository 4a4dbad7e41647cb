"""The API of services."""

from django.db.models import QuerySet
from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ReadOnlyModelViewSet

from catalog.models import Service


class ServiceOut(serializers.ModelSerializer[Service]):
    """A service as the API shows it. Which policy covers it stands in `/escalation-policies/`."""

    team = serializers.CharField(source="team.name", read_only=True)

    class Meta:
        model = Service
        fields = ["id", "name", "team", "urgency", "description", "runbook_url"]


@extend_schema_view(
    list=extend_schema(
        summary="Services, newest first",
        parameters=[
            OpenApiParameter("name", str, description="Exactly this name."),
            OpenApiParameter("team", str, description="Name of the team that owns it."),
        ],
    ),
    retrieve=extend_schema(summary="One service"),
)
class Services(ReadOnlyModelViewSet[Service]):
    """What is run, and who owns it."""

    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = ServiceOut
    queryset = Service.objects.select_related("team")

    def get_queryset(self) -> QuerySet[Service]:
        """Narrowed by the URL's filters."""
        asked = {"name": "name", "team": "team__name"}
        params = self.request.query_params
        wish = {field: params[name] for name, field in asked.items() if params.get(name) and self.action == "list"}
        return super().get_queryset().filter(**wish)


_router = SimpleRouter()
_router.register("services", Services, basename="api-service")

urlpatterns = [path("", include(_router.urls))]
