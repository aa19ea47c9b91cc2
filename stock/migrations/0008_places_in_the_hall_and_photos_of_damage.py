import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Where bins are in the hall, for the walks of pickers; and a photo beside a set-aside."""

    dependencies = [
        ("stock", "0007_count_plans"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bin",
            name="aisle",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Counted from where goods are packed. Empty: unknown.",
                null=True,
                verbose_name="aisle",
            ),
        ),
        migrations.AddField(
            model_name="bin",
            name="position_metres",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="From its front end, where goods are packed. With the aisle, it makes the walk of a picker short.",
                null=True,
                verbose_name="metres into the aisle",
            ),
        ),
        migrations.CreateModel(
            name="DamagePhoto",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file", models.FileField(max_length=200, upload_to="", verbose_name="file")),
                (
                    "taken_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="taken"),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "set_aside",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="photo",
                        to="stock.setaside",
                        verbose_name="set-aside",
                    ),
                ),
            ],
            options={
                "verbose_name": "photo of damage",
                "verbose_name_plural": "photos of damage",
                "ordering": ["-pk"],
            },
        ),
    ]
