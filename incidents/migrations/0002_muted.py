"""Why an incident is held and pages nobody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="muted",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="Why it is held and pages nobody: what mutes it, until when.",
                null=True,
            ),
        ),
    ]
