"""Integrations that receive mail may say how it is read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0013_hours_and_thresholds")]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="mail_rules",
            field=models.JSONField(
                blank=True, help_text="How mail is read, where its words alone do not tell.", null=True
            ),
        ),
    ]
