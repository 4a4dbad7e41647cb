"""The product's URLs, with a stand-in for the incident's page while `web` has none."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from config.urls import urlpatterns as products


def _page(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(str(pk))


urlpatterns = [*products, path("", include(([path("incidents/<int:pk>/", _page, name="incident")], "web")))]
