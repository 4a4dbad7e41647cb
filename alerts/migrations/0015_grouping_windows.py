"""Grouping by expression, and for a time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0014_mail_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="group_expression",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="CEL that gives a text: what has the same text becomes one incident. It goes before the labels.",
            ),
        ),
        migrations.AddField(
            model_name="integration",
            name="group_window",
            field=models.DurationField(
                blank=True,
                help_text="An incident takes in alerts for so long, then another opens; unset: as long as it is open.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="integration",
            name="group_window_rolls",
            field=models.BooleanField(
                db_default=False, default=False, help_text="The time begins anew with each alert that joins."
            ),
        ),
    ]
