"""Digests from before states were kept: sent, or too old to be sent now."""

from django.db import migrations


def tell_states(apps, schema_editor):
    deliveries = apps.get_model("alerts", "Delivery").objects
    deliveries.filter(state="open", sent_at__isnull=False).update(state="sent")
    deliveries.filter(state="open", sent_at=None).update(state="cancelled")


class Migration(migrations.Migration):

    dependencies = [
        ("alerts", "0005_messages_channels_and_quiet_hours"),
    ]

    operations = [migrations.RunPython(tell_states, migrations.RunPython.noop)]
