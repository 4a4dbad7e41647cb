"""The index of identities by when they ended, so that an alert costs the same whatever is stored. Made without locking the table."""

from datetime import UTC, datetime, timedelta

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("alerts", "0021_no_check_of_incidents")]

    operations = [
        AddIndexConcurrently(
            model_name="alert",
            index=models.Index(
                "integration",
                models.Func(
                    models.Value(timedelta(weeks=4)),
                    Coalesce("resolved_at", "first_seen_at"),
                    models.Value(datetime(2001, 1, 1, tzinfo=UTC)),
                    function="date_bin",
                    output_field=models.DateTimeField(),
                ),
                models.Func(
                    "fingerprint",
                    models.Value(0),
                    function="hashtextextended",
                    output_field=models.BigIntegerField(),
                ),
                models.OrderBy(models.F("id"), descending=True),
                name="alert_by_end_and_identity",
            ),
        ),
        RemoveIndexConcurrently(model_name="alert", name="alert_by_identity"),
    ]
