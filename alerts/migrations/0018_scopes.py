"""Whether a silence or window is for something certain, so that it mutes nothing where that has been deleted."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0017_room_for_repeats"), ("catalog", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="silence",
            name="is_for_service",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="So it mutes nothing, and not everything, where what it was for has been deleted.",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="is_for_integration",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="So it mutes nothing, and not everything, where what it was for has been deleted.",
            ),
        ),
        migrations.AddField(
            model_name="maintenancewindow",
            name="is_for_services",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="So it mutes nothing, and not everything, where what it was for has been deleted.",
            ),
        ),
        migrations.AddField(
            model_name="maintenancewindow",
            name="is_for_integrations",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="So it mutes nothing, and not everything, where what it was for has been deleted.",
            ),
        ),
        migrations.AlterField(
            model_name="silence",
            name="service",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="silences",
                to="catalog.service",
            ),
        ),
        migrations.AlterField(
            model_name="silence",
            name="integration",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="silences",
                to="alerts.integration",
            ),
        ),
    ]
