"""Storms of what a threshold holds back, beside those of what pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0019_scopes_of_what_there_is")]

    operations = [
        migrations.AddField(
            model_name="storm",
            name="is_held_back",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="It gathers what a threshold holds back, and nothing that pages.",
            ),
        ),
        migrations.RemoveConstraint(model_name="storm", name="storm_open_once"),
        migrations.AddConstraint(
            model_name="storm",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("integration", "service", "is_held_back"),
                name="storm_open_once",
            ),
        ),
        # On the way back there may be only one again.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "update alerts_storm set ended_at = last_at where is_held_back and ended_at is null",
        ),
    ]
