"""Fills an empty portal with a year of invented life."""

from random import Random
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from appointments.listings import refresh_listings
from config.demo import (
    applications,
    changes,
    figures,
    health,
    inbox,
    money,
    orders,
    people,
    prescriptions,
    records,
    reviews,
    visits,
    waits,
)

SEED = 20260415


class Command(BaseCommand):
    help = "Load the demo's people and a year of their visits, once; only where PORTAL_ENV is demo."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("This is a production portal: its patients are real, and stay alone.")
        sign_ins = settings.DATA_DIR / "sign-ins.txt"
        if User.objects.filter(email="patient@example.com").exists():
            sign_ins.write_text(people.sign_ins(), encoding="utf-8")
            self.stdout.write("The demo data is there already.")
            return
        with transaction.atomic():
            self.load()
        sign_ins.write_text(people.sign_ins(), encoding="utf-8")

    def load(self) -> None:
        random, taken = Random(SEED), set[str]()
        call_command("load_specialties", stdout=self.stdout)
        call_command("load_medicines", stdout=self.stdout)
        call_command("signing_key", stdout=self.stdout)
        password = people.password_hash()
        admin = people.make_admin(password)
        people.make_group_admins(password)
        doctors = people.make_doctors(random, password, taken)
        self.stdout.write(f"{len(doctors)} doctors")
        accounts = people.make_patients(random, password, taken)
        self.stdout.write(f"{len(accounts)} patients with their families")
        health.add_families(random, accounts)
        diary = visits.Diary(random, doctors)
        written = (
            visits.enter_demo_patients_story(diary, doctors, accounts[0])
            + visits.enter_demo_doctors_day(diary, doctors[0], accounts)
            + visits.enter_year(diary, doctors, accounts)
            + visits.enter_demo_doctors_practice(diary, doctors[0], accounts)
        )
        diary.write()
        self.stdout.write(f"{written} visits in the past year and the coming days")
        orders.offer_services(doctors)
        done = orders.write_past_orders(diary)
        papers = money.write_documents()
        paid = money.write_payouts(random, doctors, admin)
        self.stdout.write(f"{papers} receipts and refund notes, {paid} payouts to doctors")
        differ, complaints = money.write_lists(admin), money.write_complaints(doctors[0], admin)
        self.stdout.write(f"{differ} differences from the gateway's lists, {complaints} complaints about payments")
        changed = changes.write_changes(diary, doctors, accounts, admin=admin)
        self.stdout.write(f"{changed} of them moved, called off, in leave, contested or paid at the desk")
        reminders = waits.note_reminders()
        lines = waits.write_waits(random, doctors, accounts)
        self.stdout.write(f"{reminders} reminders of visits, {lines} people on waiting lists")
        facts = health.write_health(random, accounts)
        looks = health.write_trail_of_the_year(random, accounts)
        self.stdout.write(f"{facts} health facts, looked at {looks} times")
        broken = health.write_emergencies(accounts[0], by=people.make_director(password), reviewer=admin)
        self.stdout.write(f"{broken} emergency accesses, one of them to be reviewed")
        kept = records.keep_records(random, accounts[0], doctors[0])
        self.stdout.write(f"{kept} documents in the records, some of them shared")
        signed = prescriptions.write_prescriptions(random, doctors[0], accounts[0])
        self.stdout.write(f"{signed} prescriptions of the past year, signed")
        ordered = orders.write_orders(diary, doctors, accounts[0])
        self.stdout.write(f"{done + ordered} orders of certificates, reviews of reports and repeat prescriptions")
        said = reviews.write_reviews(random, doctors, accounts[0], moderator=admin)
        self.stdout.write(f"{said} reviews of visits, some of them to be moderated")
        told = inbox.write_inboxes(random, accounts[0], doctors[0].user)
        self.stdout.write(f"{told} messages in the inboxes of the demo's patient and doctor")
        waiting = applications.make_applications(random, password, taken, admin, doctors)
        self.stdout.write(f"{waiting} applications and changes to be verified")
        refresh_listings([doctor.pk for doctor in doctors])
        counted = figures.write_figures(Random(SEED))
        self.stdout.write(f"{counted} figures of the year for administrators")
        diary.tell_sandbox(settings.DATA_DIR / "sandbox")
