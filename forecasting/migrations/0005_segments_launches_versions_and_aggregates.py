
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_weekdays_are_checked'),
        ('common', '0004_allocation_strategy_and_over_receipt'),
        ('forecasting', '0004_signals_and_data_rules'),
        ('stock', '0003_closed_days'),
    ]

    operations = [
        migrations.CreateModel(
            name='SeasonalShape',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(unique=True, verbose_name='shape')),
                ('ends_on', models.DateField(verbose_name='last day of the year')),
                ('index', models.JSONField(help_text='1 is the mean; the oldest period first.', verbose_name='index by four weeks')),
                ('members', models.PositiveIntegerField(default=0, verbose_name='items')),
            ],
            options={
                'verbose_name': 'seasonal shape',
                'verbose_name_plural': 'seasonal shapes',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('retrain', 'trained anew'), ('refresh', 'used again'), ('kept', 'trained anew, but the older ones were better')], max_length=8, verbose_name='what was done')),
                ('trained_on', models.DateField(help_text='The last day whose demand they have seen.', verbose_name='models trained on')),
                ('reason', models.CharField(max_length=20, verbose_name='why')),
                ('score', models.FloatField(help_text='Pinball loss a piece on origins held out from both.', null=True, verbose_name='loss of the models in use')),
                ('other_score', models.FloatField(null=True, verbose_name='loss of the models not used')),
                ('loss', models.FloatField(help_text='Pinball loss a piece.', null=True, verbose_name="loss of the last week's forecasts")),
                ('bias', models.FloatField(help_text='(Forecast − demand) / demand.', null=True, verbose_name='their bias')),
                ('drift', models.FloatField(default=0.0, help_text='From 5 on the models are trained anew.', verbose_name='drift')),
                ('pinned_by', models.CharField(blank=True, max_length=150, verbose_name='pinned by')),
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='model_version', to='common.jobrun', verbose_name='run')),
            ],
            options={
                'verbose_name': 'model version',
                'verbose_name_plural': 'model versions',
                'ordering': ['-run__business_date', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='AggregateForecast',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.CharField(choices=[('product', 'product in all warehouses'), ('category', 'category in a warehouse'), ('warehouse', 'warehouse'), ('all', 'everything')], max_length=10, verbose_name='level')),
                ('key', models.CharField(max_length=200, verbose_name='key')),
                ('items', models.PositiveIntegerField(verbose_name='items')),
                ('method', models.CharField(max_length=40, verbose_name='method of the quantiles')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('mean', models.JSONField(help_text="The sum of the items' means.", verbose_name='mean by day')),
                ('quantiles', models.JSONField(help_text='A list of 0.5, 0.8, 0.9, 0.95 and 0.98 for each day.', verbose_name='quantiles by day')),
                ('total_mean', models.FloatField(verbose_name='demand of all days, mean')),
                ('total_quantiles', models.JSONField(help_text='0.5, 0.8, 0.9, 0.95, 0.98 and 0.99.', verbose_name='demand of all days, quantiles')),
                ('own_total_mean', models.FloatField(verbose_name='mean before it was made to add up')),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.category', verbose_name='category')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product', verbose_name='product')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aggregate_forecasts', to='common.jobrun', verbose_name='run')),
                ('warehouse', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='stock.warehouse', verbose_name='warehouse')),
            ],
            options={
                'verbose_name': 'forecast of several items',
                'verbose_name_plural': 'forecasts of several items',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['run', 'level'], name='forecasting_aggregate_level')],
                'constraints': [models.UniqueConstraint(fields=('run', 'level', 'key'), name='forecasting_aggregate_once')],
            },
        ),
        migrations.CreateModel(
            name='Launch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('age_days', models.PositiveIntegerField(default=0, verbose_name='days on offer')),
                ('look_alikes', models.JSONField(default=list, help_text='SKUs and their shares of the start.', verbose_name='look-alikes')),
                ('daily_start', models.FloatField(verbose_name='by look-alikes alone, a day')),
                ('daily_now', models.FloatField(verbose_name='with its own demand, a day')),
                ('own_share', models.FloatField(default=0.0, verbose_name='share of its own demand')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='launches', to='catalog.product', verbose_name='product')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='launches', to='common.jobrun', verbose_name='run')),
                ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='launches', to='stock.warehouse', verbose_name='warehouse')),
            ],
            options={
                'verbose_name': 'new item',
                'verbose_name_plural': 'new items',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('run', 'product', 'warehouse'), name='forecasting_launch_once')],
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('abc', models.CharField(blank=True, db_index=True, max_length=1, verbose_name='ABC')),
                ('xyz', models.CharField(blank=True, db_index=True, max_length=1, verbose_name='XYZ')),
                ('pattern', models.CharField(choices=[('smooth', 'smooth'), ('erratic', 'erratic'), ('intermittent', 'intermittent'), ('lumpy', 'lumpy'), ('none', 'no demand')], db_index=True, default='none', max_length=12, verbose_name='demand pattern')),
                ('shape', models.PositiveSmallIntegerField(blank=True, db_index=True, null=True, verbose_name='seasonal shape')),
                ('since_on', models.DateField(verbose_name='since')),
                ('judged_on', models.DateField(db_index=True, verbose_name='judged')),
                ('measures', models.JSONField(default=dict, help_text='Weeks between weeks with demand, squared variation, error, and value against the border of A.', verbose_name='measures')),
                ('kept', models.JSONField(default=dict, help_text='Classes that would be others without their margin.', verbose_name='kept at a border')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segments', to='catalog.product', verbose_name='product')),
                ('warehouse', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segments', to='stock.warehouse', verbose_name='warehouse')),
            ],
            options={
                'verbose_name': 'segment',
                'verbose_name_plural': 'segments',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('product', 'warehouse'), name='forecasting_segment_once')],
            },
        ),
    ]
