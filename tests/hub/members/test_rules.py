import pytest

from hub.members.rules import masked_name, normal_phone


@pytest.mark.parametrize(
    ("name", "masked"), [("张伟", "张*"), ("欧阳娜娜", "欧*"), ("Ada", "A*"), (" 林 ", "林*"), ("", "*"), ("  ", "*")]
)
def test_a_name_is_masked_to_one_character(name: str, masked: str) -> None:
    assert masked_name(name) == masked


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+86 140-0000-0001", "+8614000000001"),
        ("0086 13800138000", "+8613800138000"),
        ("+44 20 7946 0000", "+442079460000"),
        ("123", None),
        ("not a phone", None),
        ("", None),
        ("1" * 40, None),
    ],
)
def test_phone_numbers_are_brought_into_one_form(text: str, number: str | None) -> None:
    assert normal_phone(text, "CN") == number
