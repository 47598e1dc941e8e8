"""Every kind of message has a topic; money and safety go out whatever anybody chose; a short text names nobody."""

import pytest
from django.urls import reverse

from accounts.models import Channel, Kind, Notification, User
from accounts.samples import FACTS
from accounts.services import brief, choose, notify
from accounts.sms import provider_at
from accounts.topics import RULES, TOPICS, Topic, channels_for, may_refuse, topic_of
from tests.factories.accounts import UserFactory


def test_every_kind_belongs_to_one_topic() -> None:
    assert set(TOPICS) == set(Kind)
    assert sum(len(rule.kinds) for rule in RULES.values()) == len(Kind)


def test_what_concerns_money_and_safety_is_mailed_always() -> None:
    everything_off = {f"{topic}:{channel}": False for topic in Topic for channel in Channel}
    user = User(email="a@example.com", mobile="+8801712345678", has_push=True, choices=everything_off)
    mailed = {kind for kind in Kind if channels_for(user, kind) == [Channel.EMAIL]}
    assert mailed == RULES[Topic.MONEY].kinds | RULES[Topic.SAFETY].kinds
    assert {Kind.PRESCRIPTION_VOID, Kind.EMERGENCY_ACCESS, Kind.REFUND_DONE, Kind.DISPUTE_OPENED} <= mailed
    assert all(channels_for(user, kind) == [] for kind in set(Kind) - mailed)


def test_at_first_text_messages_are_for_what_cannot_wait() -> None:
    user = User(email="a@example.com", mobile="+8801712345678", has_push=True)
    assert channels_for(user, Kind.VISIT_REMINDER) == [Channel.EMAIL, Channel.SMS, Channel.PUSH]
    assert channels_for(user, Kind.APPOINTMENT_CONFIRMED) == [Channel.EMAIL, Channel.PUSH]
    nobody = User(email="a@example.com")
    assert channels_for(nobody, Kind.VISIT_REMINDER) == [Channel.EMAIL]


@pytest.mark.parametrize("language", ["en", "bn"])
def test_a_short_text_names_nobody_and_nothing_of_health(language: str) -> None:
    user = User(email="a@example.com", name="Rahima Begum", language=language, time_zone="Asia/Dhaka")
    for kind in Kind:
        text = brief(Notification(user=user, kind=kind, facts=FACTS))
        assert text
        for name in ("Farhana", "Rahima", "800", "R-2027", "Consultation", "/appointments/"):
            assert name not in text, kind
        if topic_of(kind) in {Topic.PAPERS, Topic.SAFETY}:
            assert "rescription" not in text
            assert "ব্যবস্থাপত্র" not in text
        # A text message with the address of the inbox fits into three parts.
        assert len(text) < 130


def test_a_short_text_says_nothing_at_all_of_papers_safety_and_reviews() -> None:
    user = User(email="a@example.com", language="en", time_zone="Asia/Dhaka")
    texts = {kind: brief(Notification(user=user, kind=kind, facts=FACTS)) for kind in Kind}
    for topic in (Topic.PAPERS, Topic.SAFETY, Topic.REVIEWS):
        assert {texts[kind] for kind in RULES[topic].kinds} == {"There is something new for you."}
    timed = {kind for kind, text in texts.items() if ":" in text}
    assert timed <= RULES[Topic.REMINDERS].kinds | RULES[Topic.VISITS].kinds


@pytest.mark.django_db
def test_a_choice_is_kept_where_it_differs_and_what_cannot_be_refused_is_not() -> None:
    user = UserFactory()
    choose(user, {(Topic.VISITS, Channel.EMAIL): False, (Topic.MONEY, Channel.EMAIL): False})
    user.refresh_from_db()
    assert user.choices == {"visits:email": False}
    assert not notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS).deliveries.exists()
    assert notify(user, Kind.REFUND_DONE, facts=FACTS).deliveries.get().channel == Channel.EMAIL
    choose(user, {(Topic.VISITS, Channel.EMAIL): True})
    user.refresh_from_db()
    assert user.choices == {}


def test_only_what_may_be_refused_has_a_box_that_can_be_unticked() -> None:
    assert {topic for topic in Topic if not may_refuse(topic, Channel.EMAIL)} == {Topic.MONEY, Topic.SAFETY}
    assert all(may_refuse(topic, channel) for topic in Topic for channel in (Channel.SMS, Channel.PUSH))


@pytest.mark.parametrize("url", ["", "ftp://x", "twilio://AC1:t@", "https://example.com/sms", "http://example.com"])
def test_a_provider_without_what_it_needs_is_refused_by_name(url: str) -> None:
    with pytest.raises(Exception, match="SMS_URL must be"):
        provider_at(url)


@pytest.mark.django_db
def test_previews_show_every_kind_to_who_answers_people(client) -> None:
    client.force_login(UserFactory(in_group="support"))
    for kind in Kind:
        page = client.get(reverse("admin:accounts_notification_previews"), {"kind": kind, "language": "bn"})
        assert page.status_code == 200
        mail = client.get(reverse("admin:accounts_notification_mail"), {"kind": kind}).content.decode()
        assert "<h1>" in mail
        assert 'src="' not in mail
        assert "url(" not in mail
