"""What the prescriptions' room does."""

from prescriptions.services.checking import check_medicines
from prescriptions.services.composing import (
    begin_from,
    check_draft,
    discard_draft,
    dose_of,
    give_reasons,
    keep_template,
    last_prescription,
    save_draft,
)
from prescriptions.services.imports import discard_import, preview, run_import, start_import, take_file
from prescriptions.services.notes import read_note, save_note
from prescriptions.services.reading import note_listed, read_medicines, read_signed
from prescriptions.services.reference import load_starter
from prescriptions.services.signing import (
    amend_prescription,
    is_complete,
    is_untouched,
    make_key,
    renew_keys,
    retire_keys,
    sign_prescription,
    void_prescription,
)

__all__ = [
    "amend_prescription",
    "begin_from",
    "check_draft",
    "check_medicines",
    "discard_draft",
    "discard_import",
    "dose_of",
    "give_reasons",
    "is_complete",
    "is_untouched",
    "keep_template",
    "last_prescription",
    "load_starter",
    "make_key",
    "note_listed",
    "preview",
    "read_medicines",
    "read_note",
    "read_signed",
    "renew_keys",
    "retire_keys",
    "run_import",
    "save_draft",
    "save_note",
    "sign_prescription",
    "start_import",
    "take_file",
    "void_prescription",
]
