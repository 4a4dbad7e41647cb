"""Which integrations wait is asked at every tick; and an alert may have moved on from other incidents."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0002_event_table"),
        ("catalog", "0001_initial"),
        ("incidents", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            "create index event_waiting on alerts_event (integration_id, id) where status = 'received'",
            "drop index event_waiting",
        ),
        migrations.AddField(
            model_name="alert",
            name="also_in",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                default=list,
                help_text="Incidents it was moved from when it got worse and its route named another service.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="ended_at",
            field=models.DateTimeField(help_text="As the source says.", null=True),
        ),
        migrations.AlterField(
            model_name="integration",
            name="group_by",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                help_text="Labels; unset: the source's own default, an empty list: everything in one group.",
                null=True,
                size=None,
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("also_in", []), _negated=True), fields=["also_in"], name="alert_also_in"
            ),
        ),
    ]
