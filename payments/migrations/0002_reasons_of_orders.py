"""Why money goes back that was paid for an order."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0001_squashed'),
    ]

    operations = [
        migrations.AlterField(
            model_name='refund',
            name='reason',
            field=models.CharField(choices=[('cancelled', 'The booking was cancelled'), ('cheaper', 'The visit that was taken instead costs less'), ('missed', 'The doctor did not come'), ('too_late', 'The payment came after the time was gone'), ('surplus', 'Paid twice'), ('order_off', 'The order was cancelled'), ('declined', 'The doctor declined the order'), ('not_done', 'The doctor did not do it in time'), ('withdrawn', 'The doctor took back what was given'), ('admin', 'Decided by an administrator')], max_length=12, verbose_name='reason'),
        ),
    ]
