"""Silences, maintenance windows, inhibition rules, and the incidents watched because of them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0007_errands"),
        ("catalog", "0001_initial"),
        ("incidents", "0002_muted"),
    ]

    operations = [
        migrations.CreateModel(
            name="MuteWatch",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="mute_watch",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                (
                    "causes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "hold_until",
                    models.DateTimeField(help_text="When the hold time of its integration is over.", null=True),
                ),
                ("due_at", models.DateTimeField(db_index=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="InhibitionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "source_matchers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text='As Alertmanager writes them, for example alertname="DiskFull" or instance=~"db-.*".',
                        size=None,
                    ),
                ),
                (
                    "target_matchers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text='As Alertmanager writes them, for example alertname="DiskFull" or instance=~"db-.*".',
                        size=None,
                    ),
                ),
                (
                    "equal",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        blank=True,
                        default=list,
                        help_text="Labels that must say the same in both. Where all are missing, nothing is inhibited.",
                        size=None,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("changed_at", models.DateTimeField(default=core.clock.now, editable=False)),
                (
                    "due_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When its sources are to be found anew. Null: nothing is to be done about it until somebody changes it.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="inhibition_rule_due"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InhibitionSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("integration_id", models.BigIntegerField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("key", models.CharField(help_text="Hash of the labels that must be equal.", max_length=32)),
                ("is_target", models.BooleanField(help_text="Whether the rule's target matchers match it as well.")),
                ("title", models.CharField(max_length=200)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "due_at",
                    models.DateTimeField(
                        help_text="When it is to be looked at. Null: nothing is to be done about it until somebody changes it.",
                        null=True,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sources",
                        to="alerts.inhibitionrule",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["rule", "key"], name="inhibition_source_by_key"),
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="inhibition_source_due"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("integration_id", "fingerprint", "rule"), name="inhibition_source_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MaintenanceWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("comment", models.TextField(blank=True, help_text="Why, or what is done.")),
                ("start_date", models.DateField(help_text="Of the first occurrence, local.")),
                ("start_time", models.TimeField(help_text="Local.")),
                ("duration", models.DurationField()),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                (
                    "recurrence",
                    models.CharField(
                        blank=True,
                        help_text="RRULE of RFC 5545, for example FREQ=WEEKLY;BYDAY=SU. Empty: once.",
                        max_length=300,
                    ),
                ),
                (
                    "matchers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        blank=True,
                        default=list,
                        help_text='As Alertmanager writes them, for example alertname="DiskFull" or instance=~"db-.*".',
                        size=None,
                    ),
                ),
                ("created_by", models.CharField(blank=True, max_length=150)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "ended_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When somebody ended an occurrence early: those begun by then are over.",
                        null=True,
                    ),
                ),
                ("ended_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("occurrence_starts_at", models.DateTimeField(editable=False, null=True)),
                ("occurrence_ends_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("changed_at", models.DateTimeField(default=core.clock.now, editable=False)),
                (
                    "due_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When it next begins or ends. Null: nothing is to be done about it until somebody changes it.",
                        null=True,
                    ),
                ),
                (
                    "integrations",
                    models.ManyToManyField(blank=True, related_name="maintenance_windows", to="alerts.integration"),
                ),
                (
                    "services",
                    models.ManyToManyField(blank=True, related_name="maintenance_windows", to="catalog.service"),
                ),
            ],
            options={
                "ordering": ["name"],
                "indexes": [
                    models.Index(fields=["occurrence_ends_at"], name="window_by_end"),
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="window_due"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("duration__gt", models.Value("0"))), name="window_lasts")
                ],
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "matchers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text='As Alertmanager writes them, for example alertname="DiskFull" or instance=~"db-.*".',
                        size=None,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "created_by",
                    models.CharField(help_text="Who it is of: a username, or what a client said.", max_length=150),
                ),
                ("comment", models.TextField(help_text="Why.")),
                (
                    "ended_by",
                    models.CharField(
                        blank=True, editable=False, help_text="Who ended it before its time.", max_length=150
                    ),
                ),
                ("created_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("changed_at", models.DateTimeField(default=core.clock.now, editable=False)),
                (
                    "due_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="When it next begins or ends. Null: nothing is to be done about it until somebody changes it.",
                        null=True,
                    ),
                ),
                (
                    "integration",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="silences",
                        to="alerts.integration",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="silences",
                        to="catalog.service",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["ends_at"], name="silence_by_end"),
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="silence_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="silence_ends_after_start"
                    )
                ],
            },
        ),
    ]
