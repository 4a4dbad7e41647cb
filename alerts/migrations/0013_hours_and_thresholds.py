"""Routes have hours and thresholds; an incident below one is held."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0012_changes"),
        ("incidents", "0002_muted"),
    ]

    operations = [
        migrations.CreateModel(
            name="Threshold",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="threshold",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                ("more_than", models.PositiveIntegerField()),
                ("within", models.DurationField()),
                ("moments", django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
            ],
        ),
        migrations.AddField(
            model_name="route",
            name="hours",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="When it is asked at all, for example mon-fri 09:00-17:00 Europe/Berlin; empty: always.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="more_than",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Page only when more than so many messages come within the time beside it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="route",
            name="within",
            field=models.DurationField(blank=True, help_text="The time in which they are counted.", null=True),
        ),
    ]
