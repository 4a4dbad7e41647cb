"""The bare view the door is measured against: Django without middleware, one view, one row inserted and committed.

Served by granian under WSGI with two workers of four threads and kept connections: the fastest plain way to run it.
"""

import os

import dj_database_url
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="bare",  # noqa: S106  signs nothing
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    INSTALLED_APPS=[],
    DATABASES={"default": dict(dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=None))},
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
)


def insert(request: HttpRequest) -> HttpResponse:
    """Keep the body, then answer."""
    with connection.cursor() as cursor:
        cursor.execute("insert into bare_event (body) values (%s)", [request.body])
    return HttpResponse(status=202)


def healthz(request: HttpRequest) -> HttpResponse:
    """It runs."""
    return HttpResponse("ok")


urlpatterns = [path("insert/", insert), path("healthz", healthz)]
application = get_wsgi_application()
