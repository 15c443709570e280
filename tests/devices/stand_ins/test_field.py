from devices.stand_ins.activation import REQA
from devices.stand_ins.field import Field
from tests.devices.builders import make_dynamic_card, make_static_card


def test_an_empty_field_is_silent(field: Field) -> None:
    assert field.exchange(REQA) is None
    assert field.card is None


def test_a_card_that_is_laid_down_answers_and_one_that_is_taken_away_does_not(field: Field) -> None:
    card = make_static_card()

    field.place(card)
    answer = field.exchange(REQA)
    field.remove()

    assert answer == b"\x44\x00"
    assert field.exchange(REQA) is None


def test_another_card_takes_the_place_of_the_first(field: Field) -> None:
    first, second = make_static_card(), make_dynamic_card()

    field.place(first)
    field.place(second)
    field.remove(first)

    assert field.card is second
    assert field.exchange(REQA) == b"\x44\x03"


def test_a_card_leaves_after_as_many_frames_as_it_was_given(field: Field) -> None:
    field.place(make_static_card(), leaves_after_frames=2)

    answers = [field.exchange(frame) for frame in (REQA, b"\x93\x20", b"\x93\x20")]

    assert [answer is None for answer in answers] == [False, False, True]
    assert field.card is None


def test_dropping_the_field_makes_the_card_start_anew(field: Field) -> None:
    field.place(make_static_card())
    field.exchange(REQA)

    field.drop()

    assert field.exchange(b"\x93\x20") is None
    assert field.exchange(REQA) == b"\x44\x00"


def test_whoever_watches_is_told_of_every_card(field: Field) -> None:
    seen: list[object] = []
    field.watch(lambda: seen.append(field.card))
    card = make_static_card()

    field.place(card)
    field.place(card)

    assert seen == [card, card]
