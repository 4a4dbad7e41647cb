"""When alerts are over by themselves, and how they have changed."""

import datetime

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0009_storms"),
        ("catalog", "0001_initial"),
        ("incidents", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="changes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(),
                help_text="When it last changed between firing and resolved, oldest first.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="expires_at",
            field=models.DateTimeField(help_text="When it is over unless it is told of again.", null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="flapping_until",
            field=models.DateTimeField(help_text="Until when it is flapping unless it changes again.", null=True),
        ),
        migrations.AddField(
            model_name="integration",
            name="flap_changes",
            field=models.PositiveSmallIntegerField(
                db_default=4,
                default=4,
                help_text="So many changes between firing and resolved within the time below are flapping; 0: never.",
            ),
        ),
        migrations.AddField(
            model_name="integration",
            name="flap_window",
            field=models.DurationField(
                db_default=datetime.timedelta(seconds=1800),
                default=datetime.timedelta(seconds=1800),
                help_text="The time in which they are counted.",
            ),
        ),
        migrations.AddField(
            model_name="integration",
            name="resolve_after",
            field=models.DurationField(
                blank=True,
                help_text="An alert nobody tells of for so long is over; unset: as its source suggests, 0: never.",
                null=True,
            ),
        ),
    ]
