"""What was here is made by 0001 at once; later migrations and older databases know this name."""

from django.db import migrations


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('forecasting', '0001_initial'),
    ]

    operations = [
    ]
