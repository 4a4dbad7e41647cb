"""Every URL that Django answers. Receiving paths never come here: `config.asgi` hands them to the door."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from core.api import nothing_here

handler400 = "config.refusals.bad_request"
handler500 = "config.refusals.server_error"

# Each app that has verbs of its own has an `api` module with `urlpatterns`: one line each.
api_v1: list[URLPattern | URLResolver] = [
    path("", include("accounts.api")),
    path("", include("catalog.api")),
    path("", include("oncall.api")),
    path("", include("incidents.api")),
    path("", include("notifications.api")),
    path("", include("escalation.api")),
    path("", include("alerts.api")),
    path("", include("alerts.trying.api")),
    path("", include("alerts.muting.api")),
    path("", include("alerts.changes.api")),
    path("", include("alerts.heartbeats.api")),
    path("", include("postmortems.api")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(api_v1)),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="api_docs.html"),
        name="api-docs",
    ),
    re_path(r"^api(?:/.*)?$", nothing_here),
    path("admin/", admin.site.urls),
    path("", include("notifications.inbound")),
    path("", include("alerts.mail.inbound")),
    path("", include("alerts.opsgenie.api")),
    path("", include("alerts.alertmanager.api")),
    path("", include("alerts.opsgenie.heartbeats")),
    path("", include("web.urls")),
]
