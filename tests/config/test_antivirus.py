"""Files are shown to a virus scanner where the portal has one, and kept only if it has looked."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from config.antivirus import scan
from config.files import checked_upload
from tests.config.clamd import EICAR, clamd
from tests.documents import large_pdf, pdf


def refusal(*chunks: bytes) -> str | None:
    with pytest.raises(ValidationError) as refused:
        scan(chunks)
    assert str(refused.value.message).endswith(".")
    return refused.value.code


def test_without_a_scanner_nothing_is_asked(settings) -> None:
    assert settings.CLAMAV_ADDRESS == ""
    scan([EICAR])


def test_scanner_sees_every_byte_in_order(settings) -> None:
    data = large_pdf(300_000)
    with clamd() as daemon:
        settings.CLAMAV_ADDRESS = daemon.address
        scan([data[:100_000], data[100_000:100_001], data[100_001:]])
        assert daemon.received == [data]


def test_what_the_scanner_finds_is_refused(settings) -> None:
    with clamd() as daemon:
        settings.CLAMAV_ADDRESS = daemon.address
        assert refusal(pdf()[:200], EICAR) == "harmful"


def test_upload_is_scanned_as_it_came(settings) -> None:
    with clamd() as daemon:
        settings.CLAMAV_ADDRESS = daemon.address
        with pytest.raises(ValidationError, match="harmful software"):
            checked_upload(SimpleUploadedFile("a.pdf", pdf(objects=[f"({EICAR.decode()})"])))
        checked_upload(SimpleUploadedFile("a.pdf", pdf()))
        assert daemon.received[-1] == pdf()


def test_file_that_nobody_looked_at_is_not_kept(settings) -> None:
    with clamd() as daemon:
        address = daemon.address
    settings.CLAMAV_ADDRESS = address
    assert refusal(pdf()) == "not_scanned"


@pytest.mark.parametrize("address", ["nowhere.invalid:3310", "127.0.0.1:1"])
def test_scanner_that_is_not_there_is_a_refusal(settings, address: str) -> None:
    settings.CLAMAV_ADDRESS = address
    assert refusal(pdf()) == "not_scanned"


def test_scanner_that_takes_less_than_we_do_is_a_refusal(settings) -> None:
    with clamd(most=1000) as daemon:
        settings.CLAMAV_ADDRESS = daemon.address
        assert refusal(large_pdf(2000)) == "not_scanned"
