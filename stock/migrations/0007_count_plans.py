import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CLASSES = [("A", "A"), ("B", "B"), ("C", "C")]
STATES = [("open", "open"), ("posted", "posted"), ("cancelled", "cancelled"), ("undone", "undone")]


def days(letter, usual):
    return migrations.AddField(
        model_name="warehouse",
        name=f"count_days_{letter.lower()}",
        field=models.PositiveIntegerField(
            default=usual,
            validators=[django.core.validators.MinValueValidator(1)],
            verbose_name=f"count {letter} items every … days",
        ),
    )


class Migration(migrations.Migration):
    """What to count, within which time; and counts that are undone."""

    dependencies = [("stock", "0006_withdrawn_entries"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            model_name="warehouse",
            name="count_minutes",
            field=models.PositiveIntegerField(
                default=60,
                help_text="What the list of what to count keeps to.",
                verbose_name="minutes a day to count",
            ),
        ),
        days("A", 30),
        days("B", 90),
        days("C", 365),
        migrations.AddField(
            model_name="stockcount",
            name="undone_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="undone at"),
        ),
        migrations.AddField(
            model_name="stockcount",
            name="undone_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="undone by",
            ),
        ),
        migrations.AlterField(
            model_name="stockcount",
            name="state",
            field=models.CharField(choices=STATES, default="open", max_length=10, verbose_name="state"),
        ),
        migrations.CreateModel(
            name="CountNeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("told_abc", models.CharField(blank=True, choices=CLASSES, max_length=1, verbose_name="ABC of the plan")),
                ("told_doubt", models.CharField(blank=True, max_length=40, verbose_name="open warning")),
                ("abc", models.CharField(choices=CLASSES, default="C", max_length=1, verbose_name="ABC")),
                ("rank", models.PositiveIntegerField(blank=True, null=True, verbose_name="place on the list")),
                ("is_for_cycle", models.BooleanField(default=False, verbose_name="its turn")),
                ("chance", models.FloatField(default=0.0, verbose_name="chance that it is wrong")),
                ("pieces", models.FloatField(default=0.0, verbose_name="pieces expected off")),
                (
                    "cost",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=16, verbose_name="expected to be found"
                    ),
                ),
                ("seconds", models.PositiveIntegerField(default=0, verbose_name="seconds to count")),
                ("counted_at", models.DateTimeField(blank=True, null=True, verbose_name="last counted")),
                ("due_on", models.DateField(verbose_name="due")),
                ("turn_on", models.DateField(verbose_name="planned")),
                ("why", models.JSONField(blank=True, default=list, verbose_name="why")),
                ("planned_on", models.DateField(verbose_name="plan of")),
                (
                    "level",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="count_need",
                        to="stock.stocklevel",
                        verbose_name="stock level",
                    ),
                ),
            ],
            options={
                "verbose_name": "item to count",
                "verbose_name_plural": "items to count",
                "ordering": ["rank", "-cost", "pk"],
                "indexes": [
                    models.Index(
                        fields=["rank"], condition=models.Q(("rank__isnull", False)), name="stock_countneed_list"
                    ),
                    models.Index(fields=["-cost"], name="stock_countneed_cost"),
                    models.Index(fields=["due_on"], name="stock_countneed_due"),
                ],
            },
        ),
    ]
