"""Every URL that Django answers. Receiving paths never come here: `config.asgi` hands them to the door."""

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("notifications.inbound")),
    path("api/v1/", include("notifications.api")),
]
