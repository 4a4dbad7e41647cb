"""Heartbeats, and when a part of Tocsin was last at its place."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0005_integration_sealed_secret"),
        ("catalog", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("who", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, unique=True)),
                ("key_hash", models.BinaryField(null=True, unique=True)),
                ("key_prefix", models.CharField(blank=True, editable=False, max_length=8)),
                ("period", models.DurationField(help_text="How often it pings.")),
                ("grace", models.DurationField(default=datetime.timedelta, help_text="How late a ping may come.")),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("critical", "Critical"),
                            ("error", "Error"),
                            ("warning", "Warning"),
                            ("info", "Info"),
                        ],
                        default="critical",
                        max_length=16,
                    ),
                ),
                (
                    "title",
                    models.CharField(blank=True, help_text="Of the alert; empty: made from the name.", max_length=1024),
                ),
                (
                    "description",
                    models.TextField(blank=True, help_text="What to do when it is missed, for whoever is paged."),
                ),
                (
                    "labels",
                    models.JSONField(blank=True, default=dict, help_text="Of the alert, for routes and grouping."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for its first ping"),
                            ("alive", "Alive"),
                            ("missed", "Missed"),
                            ("paused", "Paused"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("state_since", models.DateTimeField(default=core.clock.now, editable=False)),
                ("reason", models.CharField(default="never_pinged", editable=False, max_length=40)),
                ("last_ping_at", models.DateTimeField(editable=False, null=True)),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                (
                    "integration",
                    models.ForeignKey(
                        blank=True,
                        help_text="Its key pings, too, and its routes are asked where no service is named.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="heartbeats",
                        to="alerts.integration",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        help_text="Unset: the integration's routes decide.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="heartbeats",
                        to="catalog.service",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="heartbeat_due")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "alive", "missed", "paused"])),
                        name="heartbeat_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("service__isnull", False), ("integration__isnull", False), _connector="OR"),
                        name="heartbeat_leads_somewhere",
                    ),
                ],
            },
        ),
    ]
