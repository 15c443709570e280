from collections.abc import Callable

import pytest

from devices.cards.ntag424 import Tap
from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderReady
from devices.stand_ins import ndef
from devices.stand_ins.field import Card, Field
from devices.stand_ins.foreign import BankCard, MifareClassicCard, MinimalAtsCard, Phone
from devices.stand_ins.ntag21x import Model, Ntag21xCard, Protection
from protocol import codec
from protocol.errors import ErrorCode
from protocol.events import CardEvidence
from tests.devices.builders import (
    DYNAMIC_UID,
    STATIC_UID,
    STATIC_URL,
    counted_bytes,
    make_dynamic_card,
    make_static_card,
)
from tests.devices.reports import Reports, StartReader, tap_of

ACTIVATION_FRAMES = 5
"""Frames until a card with seven bytes of UID is selected; a card that leaves before was never there."""


class StumblingCard(Ntag21xCard):
    """Reads its first page wrongly once, as a card does at the edge of the field."""

    _stumbled = False

    def _read(self, argument: bytes) -> bytes:
        answer = super()._read(argument)
        if self._stumbled:
            return answer
        self._stumbled = True
        return bytes(len(answer))


@pytest.mark.usefixtures("reader")
def test_a_dynamic_card_is_read_with_a_url_that_the_hub_recognises(field: Field, reports: Reports) -> None:
    field.place(make_dynamic_card(counter=41))

    report = reports.next(CardTapped)

    assert tap_of(report) == Tap(DYNAMIC_UID, 42)
    assert (report.card.technology, report.card.uid) == ("ntag424", DYNAMIC_UID.hex())


@pytest.mark.usefixtures("reader")
def test_a_static_card_is_read_as_it_is(field: Field, reports: Reports) -> None:
    field.place(make_static_card())

    assert reports.next(CardTapped).card == CardEvidence("ntag21x", STATIC_UID.hex(), STATIC_URL)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("model", list(Model))
def test_every_size_of_static_card_is_read(field: Field, reports: Reports, model: Model) -> None:
    field.place(Ntag21xCard(STATIC_UID, ndef.url_message(STATIC_URL), model=model))

    assert reports.next(CardTapped).card.url == STATIC_URL


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("path_chars", [1, 40, 60, 120])
def test_a_dynamic_url_of_any_length_is_read(field: Field, reports: Reports, path_chars: int) -> None:
    """Up to what the card's file of 256 bytes holds: from 60 on, it takes more than one reading."""
    field.place(make_dynamic_card(url=f"https://m.example/{'t' * path_chars}?e={{e}}&c={{c}}"))

    assert tap_of(reports.next(CardTapped)) == Tap(DYNAMIC_UID, 1)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("card", "technology"),
    [
        (make_static_card(url="https://m.example/t?e=" + "0" * 32 + "&c=" + "0" * 16), "ntag21x"),
        (make_dynamic_card(url=STATIC_URL), "unknown"),
    ],
    ids=["copied URL on a memory card", "static URL on a smart card"],
)
def test_a_card_is_named_by_its_kind_and_not_by_its_url_alone(
    field: Field, reports: Reports, card: Card, technology: str
) -> None:
    field.place(card)

    assert reports.next(CardTapped).card.technology == technology


@pytest.mark.usefixtures("reader")
def test_what_was_seen_of_a_card_travels_as_it_is(field: Field, reports: Reports) -> None:
    field.place(make_dynamic_card())
    card = reports.next(CardTapped).card

    assert codec.decode(codec.encode(card), CardEvidence) == card


@pytest.mark.usefixtures("reader")
def test_a_card_that_stays_is_reported_once(field: Field, reports: Reports) -> None:
    field.place(make_dynamic_card())
    reports.next(CardTapped)

    assert reports.nothing_more()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("make", [make_dynamic_card, make_static_card])
def test_a_card_that_leaves_is_reported_and_may_come_back(
    field: Field, reports: Reports, make: Callable[[], Card]
) -> None:
    card = make()
    urls = []

    for _ in range(2):
        field.place(card)
        urls.append(reports.next(CardTapped).card.url)
        field.remove()
        reports.next(CardRemoved)

    assert len(set(urls)) == (2 if make is make_dynamic_card else 1)


@pytest.mark.usefixtures("reader")
def test_one_card_after_another_are_two_taps(field: Field, reports: Reports) -> None:
    field.place(make_dynamic_card())
    first = reports.next(CardTapped)
    field.place(make_static_card())

    reports.next(CardRemoved)
    second = reports.next(CardTapped)

    assert (first.card.uid, second.card.uid) == (DYNAMIC_UID.hex(), STATIC_UID.hex())


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    "make",
    [
        lambda: BankCard(bytes.fromhex("deadbe01")),
        lambda: MinimalAtsCard(bytes.fromhex("deadbe02")),
        lambda: MifareClassicCard(bytes.fromhex("deadbe03")),
        lambda: Phone(counted_bytes()),
        lambda: Phone(counted_bytes(), sak=0x40),
        lambda: make_static_card(url="https://shop.example/offer"),
        lambda: make_static_card(url="tel:+10000000"),
        lambda: Ntag21xCard(
            STATIC_UID, ndef.url_message(f"https://m.example/{'c' * 600}/c/M000123456"), model=Model.NTAG216
        ),
        lambda: make_dynamic_card(url="https://m.example/" + "t" * 1100),
        lambda: Ntag21xCard(STATIC_UID, b""),
        lambda: Ntag21xCard(STATIC_UID, b"\xd1\x01\xff"),
        lambda: Ntag21xCard(STATIC_UID, bytes.fromhex("D101035402656E")),
        lambda: Ntag21xCard(STATIC_UID, ndef.url_message(STATIC_URL), protection=Protection(from_page=4, reading=True)),
    ],
    ids=[
        "bank card",
        "minimal ATS",
        "MIFARE Classic",
        "phone with ISO-DEP",
        "phone without ISO-DEP",
        "another shop's URL",
        "telephone number",
        "endless URL",
        "endless file",
        "empty message",
        "broken message",
        "text instead of URL",
        "protected from reading",
    ],
)
def test_what_is_no_member_card_is_refused_once_while_it_stays(
    field: Field, reports: Reports, make: Callable[[], Card]
) -> None:
    field.place(make())

    refused = reports.next(CardRefused)

    assert refused.code is ErrorCode.CARD_UNSUPPORTED
    assert reports.nothing_more()
    field.remove()
    reports.next(CardRemoved)


@pytest.mark.usefixtures("reader")
def test_a_card_that_stumbles_is_given_a_second_chance(field: Field, reports: Reports) -> None:
    field.place(StumblingCard(STATIC_UID, ndef.url_message(STATIC_URL)))

    assert reports.next(CardTapped).card.url == STATIC_URL


@pytest.mark.usefixtures("reader")
def test_a_member_card_is_read_after_a_foreign_card(field: Field, reports: Reports) -> None:
    field.place(MifareClassicCard(bytes.fromhex("deadbe03")))
    reports.next(CardRefused)

    field.place(make_dynamic_card())

    reports.next(CardRemoved)
    assert tap_of(reports.next(CardTapped)) == Tap(DYNAMIC_UID, 1)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("make", "frames"),
    [
        *((make_dynamic_card, frames) for frames in range(ACTIVATION_FRAMES, 14)),
        *((make_static_card, frames) for frames in range(ACTIVATION_FRAMES, 11)),
    ],
)
def test_a_card_that_leaves_too_soon_is_torn_and_never_half_read(
    field: Field, reports: Reports, make: Callable[[], Card], frames: int
) -> None:
    card = make()

    field.place(card, leaves_after_frames=frames)
    first = reports.next_card()
    reports.next(CardRemoved)

    if isinstance(first, CardTapped):
        assert first.card.url == STATIC_URL or tap_of(first) == Tap(DYNAMIC_UID, 1)
    else:
        assert first == CardRefused(ErrorCode.CARD_TORN)
    field.place(card)
    reports.next(CardTapped)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("frames", range(1, ACTIVATION_FRAMES))
def test_a_card_that_only_brushes_the_field_is_not_reported(field: Field, reports: Reports, frames: int) -> None:
    card = make_static_card()

    field.place(card, leaves_after_frames=frames)

    assert reports.nothing_more()
    field.place(card)
    reports.next(CardTapped)


@pytest.mark.parametrize("logger", [None, "nfc"])
def test_no_log_holds_the_url_of_a_card(
    *,
    path: str,
    start_reader: StartReader,
    field: Field,
    reports: Reports,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    logger: str | None,
) -> None:
    """Not even when the whole program, or the driver, is told to log everything."""
    caplog.set_level(1, logger)
    card = make_dynamic_card()

    reader = start_reader(path)
    reports.skip_to(ReaderReady)
    field.place(card)
    reports.next(CardTapped)
    field.place(Ntag21xCard(STATIC_UID, b"\xd1\x01\x09U\x04secrets\xff"))
    reports.next(CardRemoved)
    reports.next(CardRefused)
    reader.stop()

    assert card.last_url is not None
    logged = caplog.text + "".join(capsys.readouterr())
    for secret in (card.last_url.partition("?")[2][:10], "secrets"):
        assert secret not in logged
        assert secret.encode().hex() not in logged
