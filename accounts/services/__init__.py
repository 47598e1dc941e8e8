"""What this room does. The modules are told apart by what they are about; others import from here."""

from accounts.services.choices import choose, forget_mobile, prove_mobile, send_code, unsubscribe_by
from accounts.services.inbox import count_unread, mark_all_read, mark_read, news_for, path_of
from accounts.services.mail import email_for
from accounts.services.pushing import add_device, find_again, remove_device, remove_devices_of
from accounts.services.sending import BACKOFF, CHANNELS, confirm_mailbox, deliver, note_bounce
from accounts.services.telling import Telling, notify, notify_all, person_group, tell_pages
from accounts.services.texting import take_report
from accounts.services.words import brief, title_of, words

__all__ = [
    "BACKOFF",
    "CHANNELS",
    "Telling",
    "add_device",
    "brief",
    "choose",
    "confirm_mailbox",
    "count_unread",
    "deliver",
    "email_for",
    "find_again",
    "forget_mobile",
    "mark_all_read",
    "mark_read",
    "news_for",
    "note_bounce",
    "notify",
    "notify_all",
    "path_of",
    "person_group",
    "prove_mobile",
    "remove_device",
    "remove_devices_of",
    "send_code",
    "take_report",
    "tell_pages",
    "title_of",
    "unsubscribe_by",
    "words",
]
