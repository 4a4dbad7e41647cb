"""What is read within a snapshot is of one moment, and nothing can be written there."""

import threading

import pytest
from django.db import Error, connection

from catalog.models import Service
from core.snapshot import snapshot
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(rename: Service, to: str) -> None:
    def change() -> None:
        Service.objects.filter(pk=rename.pk).update(name=to)
        connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    thread.join(timeout=10)


def test_what_is_committed_meanwhile_is_not_seen() -> None:
    service = factories.a_service("before")

    with snapshot():
        assert Service.objects.get(pk=service.pk).name == "before"
        elsewhere(service, "after")
        assert Service.objects.get(pk=service.pk).name == "before"

    assert Service.objects.get(pk=service.pk).name == "after"


def test_nothing_can_be_written_in_it() -> None:
    service = factories.a_service("as it was")

    with pytest.raises(Error, match="read-only"), snapshot():
        Service.objects.filter(pk=service.pk).update(name="changed")

    assert Service.objects.get(pk=service.pk).name == "as it was"
