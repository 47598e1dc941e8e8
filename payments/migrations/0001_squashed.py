import config.db
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import payments.models.documents
import payments.models.ids
from django.conf import settings
from django.db import migrations, models


# The database refuses, at commit, a journal whose entries do not sum to zero, or that has fewer than two.
BALANCE = """
CREATE FUNCTION payments_journal_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    journal uuid;
    journals uuid[];
    lines bigint;
    tilted text;
BEGIN
    IF TG_TABLE_NAME = 'payments_journal' THEN
        journals := ARRAY[NEW.id];
    ELSIF TG_OP = 'INSERT' THEN
        journals := ARRAY[NEW.journal_id];
    ELSIF TG_OP = 'DELETE' THEN
        journals := ARRAY[OLD.journal_id];
    ELSE
        journals := ARRAY[OLD.journal_id, NEW.journal_id];
    END IF;
    FOREACH journal IN ARRAY journals LOOP
        -- A journal that is gone needs no lines.
        CONTINUE WHEN NOT EXISTS (SELECT FROM payments_journal WHERE id = journal);
        SELECT coalesce(sum(n), 0), string_agg(currency, ',') FILTER (WHERE total <> 0)
        INTO lines, tilted
        FROM (
            SELECT currency, sum(amount) AS total, count(*) AS n
            FROM payments_ledgerentry WHERE journal_id = journal GROUP BY currency
        ) AS sums;
        IF lines < 2 THEN
            RAISE EXCEPTION 'journal % has % entries', journal, lines
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_not_of_one_side';
        ELSIF tilted IS NOT NULL THEN
            RAISE EXCEPTION 'journal % does not sum to zero in %', journal, tilted
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_not_out_of_balance';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER journal_must_have_entries
    AFTER INSERT ON payments_journal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION payments_journal_must_balance();

CREATE CONSTRAINT TRIGGER ledger_entries_must_balance
    AFTER INSERT OR UPDATE OR DELETE ON payments_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION payments_journal_must_balance();
"""

NO_BALANCE = """
DROP TRIGGER ledger_entries_must_balance ON payments_ledgerentry;
DROP TRIGGER journal_must_have_entries ON payments_journal;
DROP FUNCTION payments_journal_must_balance();
"""


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("payments", "0001_initial"),
        ("payments", "0002_ledger_balance"),
        ("payments", "0003_earnings"),
        ("payments", "0004_documents"),
        ("payments", "0005_payouts"),
        ("payments", "0006_transfers_and_cash"),
    ]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('doctors', '0001_squashed'),
        ('specialties', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('payer_phone', models.CharField(blank=True, max_length=20)),
                ('seller', models.CharField(max_length=40)),
                ('description', models.CharField(max_length=160, verbose_name='for')),
                ('detail', models.CharField(blank=True, max_length=200)),
                ('done_path', models.CharField(max_length=200)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='amount')),
                ('currency', models.CharField(default='BDT', max_length=3)),
                ('status', models.CharField(choices=[('open', 'To be paid'), ('review', 'Being looked at'), ('paid', 'Paid'), ('void', 'No longer owed')], default='open', max_length=10, verbose_name='status')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
                ('at_desk', models.BooleanField(default=False)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('funded_by', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='funds', to='payments.charge')),
                ('payer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'charge',
                'verbose_name_plural': 'charges',
                'permissions': [('decide_charge', 'Can give charges back and decide on risky payments'), ('take_cash', 'Can write down cash at the desk')],
                'indexes': [models.Index(fields=['payer', '-created_at'], name='charges_of_a_payer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='charge_not_below_a_paisa'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'paid'), _negated=True), ('paid_at__isnull', False), _connector='OR'), name='charge_not_paid_without_a_time'), models.CheckConstraint(condition=models.Q(('status__in', ['open', 'review', 'paid', 'void'])), name='charge_status_not_unknown'), models.CheckConstraint(condition=models.Q(('done_path__startswith', '/'), models.Q(('done_path__startswith', '//'), _negated=True)), name='charge_does_not_lead_off_the_portal')],
            },
        ),
        migrations.CreateModel(
            name='CommissionRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('percent', models.DecimalField(decimal_places=2, max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='percent')),
                ('doctor', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='doctors.doctor')),
                ('specialty', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='specialties.specialty')),
            ],
            options={
                'verbose_name': 'commission rate',
                'verbose_name_plural': 'commission rates',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('doctor__isnull', False), ('specialty__isnull', True)), models.Q(('doctor__isnull', True), ('specialty__isnull', False)), _connector='OR'), name='commission_not_of_both_or_none'), models.CheckConstraint(condition=models.Q(('percent__range', (0, 100))), name='commission_not_more_than_all')],
            },
        ),
        migrations.CreateModel(
            name='DocumentSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('receipt', 'Receipt'), ('refund_note', 'Refund note')], max_length=12)),
                ('year', models.PositiveSmallIntegerField()),
                ('last', models.PositiveIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'year'), name='series_not_twice_a_year')],
            },
        ),
        migrations.CreateModel(
            name='GatewayMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('ipn', 'Server to server'), ('return', "The payer's browser")], max_length=10)),
                ('tran_id', models.CharField(blank=True, max_length=60)),
                ('fields', models.JSONField()),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('status', models.CharField(choices=[('new', 'New'), ('done', 'Dealt with'), ('refused', 'Refused'), ('aside', 'Set aside')], default='new', max_length=10)),
                ('verdict', models.CharField(blank=True, choices=[('settled', 'The payment is settled'), ('asked', 'The gateway was asked instead'), ('not_signed', 'Not signed by the gateway'), ('other_store', 'Meant for another store'), ('unknown_attempt', 'No such attempt'), ('other_amount', 'Speaks of another amount'), ('not_valid', 'The gateway does not confirm it'), ('other_payment', 'The gateway confirms another payment'), ('too_often', 'Tried many times in vain')], max_length=20)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'verbose_name': 'gateway message',
                'verbose_name_plural': 'gateway messages',
                'indexes': [models.Index(models.F('due_at'), condition=models.Q(('status', 'new')), name='messages_to_deal_with'), models.Index(fields=['tran_id'], name='messages_of_an_attempt')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['new', 'done', 'refused', 'aside'])), name='message_status_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='PayoutRun',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('until', models.DateField(verbose_name='earned before')),
                ('status', models.CharField(choices=[('draft', 'To be looked at'), ('approved', 'Approved'), ('dropped', 'Dropped')], default='draft', max_length=10, verbose_name='status')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='drafted')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'payout run',
                'verbose_name_plural': 'payout runs',
                'permissions': [('decide_payout', 'Can draft, approve and settle payouts')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('status', 'approved'), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('created_by')), _negated=True)), _connector='OR'), name='payout_run_not_approved_by_its_maker'), models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'approved', 'dropped'])), name='payout_run_status_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='PayoutAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('method', models.CharField(choices=[('bank', 'Bank account'), ('bkash', 'bKash'), ('nagad', 'Nagad')], max_length=10, verbose_name='method')),
                ('holder', models.CharField(max_length=120, verbose_name="name of the account's holder")),
                ('sealed_number', models.TextField(editable=False)),
                ('tail', models.CharField(editable=False, max_length=4)),
                ('bank', models.CharField(blank=True, max_length=120, verbose_name='bank')),
                ('branch', models.CharField(blank=True, max_length=120, verbose_name='branch')),
                ('routing', models.CharField(blank=True, max_length=9, verbose_name='routing number')),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='payout_account', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'payout account',
                'verbose_name_plural': 'payout accounts',
            },
        ),
        migrations.CreateModel(
            name='Journal',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('settlement', 'Payment settled'), ('refund_due', 'Refund promised'), ('refund_paid', 'Refund paid'), ('refund_failed', 'Refund refused by the gateway'), ('earning', 'Earned'), ('bank_transfer', 'Sent by the gateway to the bank'), ('payout', 'Paid out to a doctor'), ('transfer_out', 'Taken over by another charge'), ('transfer_in', 'Taken over from another charge'), ('desk', 'Paid at the desk'), ('release', 'No longer borne'), ('compensation', 'Borne for a doctor'), ('compensation_back', 'Not borne for a doctor any more')], max_length=20)),
                ('cause', models.CharField(max_length=60)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('charge', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='journals', to='payments.charge')),
            ],
            options={
                'verbose_name': 'journal',
                'verbose_name_plural': 'journals',
                'constraints': [models.UniqueConstraint(fields=('kind', 'cause'), name='journal_not_twice_for_a_cause'), models.CheckConstraint(condition=models.Q(models.Q(('charge__isnull', True), ('kind__in', ['bank_transfer', 'payout'])), models.Q(models.Q(('kind__in', ['bank_transfer', 'payout']), _negated=True), ('charge__isnull', False)), _connector='OR'), name='journal_not_without_its_charge')],
            },
        ),
        migrations.CreateModel(
            name='PaymentAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tran_id', models.CharField(default=payments.models.ids.new_tran_id, editable=False, max_length=30, unique=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10)),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('created', 'Started'), ('unknown', 'Unknown'), ('open', 'At the gateway'), ('review', 'Being looked at'), ('settled', 'Settled'), ('failed', 'Failed'), ('cancelled', 'Cancelled by the payer'), ('expired', 'Never paid')], default='created', max_length=10)),
                ('session_key', models.CharField(blank=True, max_length=80)),
                ('page_url', models.URLField(blank=True, max_length=600)),
                ('val_id', models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ('bank_tran_id', models.CharField(blank=True, max_length=80)),
                ('card_type', models.CharField(blank=True, max_length=60)),
                ('store_amount', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True)),
                ('failure', models.CharField(blank=True, max_length=160)),
                ('is_surplus', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('ask_at', models.DateTimeField(blank=True, null=True)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('charge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='payments.charge')),
                ('twin_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='twins', to='payments.paymentattempt')),
            ],
            options={
                'verbose_name': 'payment attempt',
                'verbose_name_plural': 'payment attempts',
                'indexes': [models.Index(models.F('ask_at'), condition=models.Q(('ask_at__isnull', False)), name='attempts_to_ask_about')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['review', 'settled']), _negated=True), models.Q(('settled_at__isnull', False), ('store_amount__isnull', False), ('val_id__isnull', False)), _connector='OR'), name='attempt_not_settled_without_the_gateways_word'), models.UniqueConstraint(condition=models.Q(('is_surplus', False), ('status__in', ['review', 'settled'])), fields=('charge',), name='charge_not_settled_twice'), models.CheckConstraint(condition=models.Q(('status__in', ['created', 'unknown', 'open', 'review', 'settled', 'failed', 'cancelled', 'expired'])), name='attempt_status_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='Payout',
            fields=[
                ('method', models.CharField(choices=[('bank', 'Bank account'), ('bkash', 'bKash'), ('nagad', 'Nagad')], max_length=10, verbose_name='method')),
                ('holder', models.CharField(max_length=120, verbose_name="name of the account's holder")),
                ('sealed_number', models.TextField(editable=False)),
                ('tail', models.CharField(editable=False, max_length=4)),
                ('bank', models.CharField(blank=True, max_length=120, verbose_name='bank')),
                ('branch', models.CharField(blank=True, max_length=120, verbose_name='branch')),
                ('routing', models.CharField(blank=True, max_length=9, verbose_name='routing number')),
                ('id', config.db.UUID7Field(serialize=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12, verbose_name='amount')),
                ('currency', models.CharField(default='BDT', max_length=3)),
                ('status', models.CharField(choices=[('due', 'To be paid'), ('paid', 'Paid'), ('failed', 'Did not go through'), ('dropped', 'Dropped')], default='due', max_length=10, verbose_name='status')),
                ('reference', models.CharField(blank=True, max_length=80, verbose_name='reference')),
                ('failure', models.CharField(blank=True, max_length=160, verbose_name='why not')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='doctors.doctor')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payouts', to='payments.payoutrun')),
            ],
            options={
                'verbose_name': 'payout',
                'verbose_name_plural': 'payouts',
                'indexes': [models.Index(fields=['doctor', '-id'], name='payouts_of_a_doctor')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='payout_not_below_a_paisa'), models.UniqueConstraint(condition=models.Q(('status', 'due')), fields=('doctor',), name='doctor_not_in_two_runs_at_once'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'paid'), _negated=True), models.Q(models.Q(('reference', ''), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='payout_not_paid_without_a_reference'), models.CheckConstraint(condition=models.Q(('status__in', ['due', 'paid', 'failed', 'dropped'])), name='payout_status_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(choices=[('gateway', 'At the gateway'), ('gateway_fee', "The gateway's fee"), ('deposit', "Patients' deposits"), ('refunds_due', 'Refunds due'), ('doctor', 'Owed to doctors'), ('commission', 'Commission'), ('bank', 'At the bank'), ('desk', 'Cash at the desk'), ('chargeback', 'Chargebacks'), ('borne', 'Borne by the portal'), ('transfer', 'Between two charges')], max_length=20)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12)),
                ('currency', models.CharField(max_length=3)),
                ('doctor', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='doctors.doctor')),
                ('journal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='payments.journal')),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger entries',
                'indexes': [models.Index(fields=['account', 'currency'], name='ledger_by_account'), models.Index(condition=models.Q(('doctor__isnull', False)), fields=['doctor'], name='ledger_of_a_doctor')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='ledger_entry_not_empty'), models.CheckConstraint(condition=models.Q(models.Q(('account', 'doctor'), ('doctor__isnull', False)), models.Q(models.Q(('account', 'doctor'), _negated=True), ('doctor__isnull', True)), _connector='OR'), name='ledger_entry_not_of_an_unnamed_doctor')],
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='amount')),
                ('reason', models.CharField(choices=[('cancelled', 'The booking was cancelled'), ('cheaper', 'The visit that was taken instead costs less'), ('missed', 'The doctor did not come'), ('too_late', 'The payment came after the time was gone'), ('surplus', 'Paid twice'), ('admin', 'Decided by an administrator')], max_length=12, verbose_name='reason')),
                ('refund_trans_id', models.CharField(default=payments.models.ids.new_refund_trans_id, editable=False, max_length=30, unique=True)),
                ('refund_ref_id', models.CharField(blank=True, max_length=80)),
                ('status', models.CharField(choices=[('requested', 'Asked for'), ('processing', 'On its way'), ('done', 'Arrived'), ('failed', 'Refused by the gateway')], default='requested', max_length=12, verbose_name='status')),
                ('failure', models.CharField(blank=True, max_length=160)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('asked', models.PositiveSmallIntegerField(default=0)),
                ('attempt', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.paymentattempt')),
                ('charge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='payments.charge')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'refund',
                'verbose_name_plural': 'refunds',
                'indexes': [models.Index(models.F('due_at'), condition=models.Q(('status__in', ['requested', 'processing'])), name='refunds_to_ask_about')],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='refund_not_below_a_paisa'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'done'), _negated=True), ('done_at__isnull', False), _connector='OR'), name='refund_not_done_without_a_time'), models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'processing', 'done', 'failed'])), name='refund_status_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('receipt', 'Receipt'), ('refund_note', 'Refund note')], max_length=12, verbose_name='kind')),
                ('number', models.CharField(max_length=20, unique=True, verbose_name='number')),
                ('code', models.CharField(default=payments.models.documents.new_document_code, editable=False, max_length=12, unique=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='amount')),
                ('currency', models.CharField(max_length=3)),
                ('issued_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='issued')),
                ('charge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='payments.charge')),
                ('refund', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='note', to='payments.refund')),
            ],
            options={
                'verbose_name': 'document',
                'verbose_name_plural': 'documents',
                'constraints': [models.UniqueConstraint(condition=models.Q(('kind', 'receipt')), fields=('charge',), name='charge_not_with_two_receipts'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'receipt'), ('refund__isnull', True)), models.Q(('kind', 'refund_note'), ('refund__isnull', False)), _connector='OR'), name='refund_note_not_without_a_refund'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='document_not_below_a_paisa')],
            },
        ),
        migrations.CreateModel(
            name='DueDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('charge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.charge')),
                ('refund', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.refund')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('refund__isnull', True)), fields=('charge',), name='receipt_not_owed_twice_for_a_charge')],
            },
        ),
        migrations.RunSQL(BALANCE, NO_BALANCE),
    ]
