"""An alert's incident, which its batch holds locked, is not checked a second time for every row."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0020_storms_held_back"),
        ("incidents", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="incident",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="alerts",
                to="incidents.incident",
            ),
        ),
    ]
