"""What messages ask to be fetched, and the certificates that came of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0006_heartbeats")]

    operations = [
        migrations.CreateModel(
            name="SigningCertificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500, unique=True)),
                ("pem", models.TextField(blank=True)),
                ("fetched_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Errand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("confirm", "Confirm a subscription"), ("certificate", "Fetch a certificate")],
                        max_length=12,
                    ),
                ),
                (
                    "target",
                    models.CharField(help_text="What is asked for only once at a time.", max_length=500),
                ),
                ("event_id", models.BigIntegerField()),
                ("received_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(db_index=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="errands", to="alerts.integration"
                    ),
                ),
            ],
            options={"ordering": ["due_at"]},
        ),
        migrations.AddConstraint(
            model_name="errand",
            constraint=models.UniqueConstraint(fields=("integration", "kind", "target"), name="errand_once"),
        ),
    ]
