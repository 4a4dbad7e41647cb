"""An alert's row costs less: no index and no check twice, and a hash that tells whether a repeat says anything new."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0003_waiting_and_also_in"),
        ("catalog", "0001_initial"),
        ("incidents", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="content_hash",
            field=models.BigIntegerField(help_text="Of what it says: a repeat that says the same is cheap.", null=True),
        ),
        migrations.AlterField(
            model_name="alert",
            name="incident",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="alerts",
                to="incidents.incident",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="integration",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alerts",
                to="alerts.integration",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="service",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="catalog.service",
            ),
        ),
    ]
