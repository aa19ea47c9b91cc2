import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_weekdays_are_checked'),
    ]

    operations = [
        migrations.AddField(
            model_name='product',
            name='ends_on',
            field=models.DateField(blank=True, help_text='Nothing is planned for later days.', null=True, verbose_name='last day on sale'),
        ),
        migrations.AddField(
            model_name='product',
            name='replaced_by',
            field=models.ForeignKey(blank=True, help_text='The product that takes over: it is planned like this one until it has sold for a while.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replaces', to='catalog.product', verbose_name='replaced by'),
        ),
    ]
