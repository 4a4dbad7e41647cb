"""Integrations may have a secret that their sender must prove to know."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0004_cheaper_rows")]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="sealed_secret",
            field=models.BinaryField(
                editable=False,
                help_text="What its sender must prove to know, sealed; unset: the key is enough.",
                null=True,
            ),
        ),
    ]
