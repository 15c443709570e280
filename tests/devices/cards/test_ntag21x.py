import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.cards import ntag21x


@pytest.mark.parametrize("token", ["M0001234", "a-b_c-d_e", "A" * 64])
def test_the_token_of_a_static_url_is_read(token: str) -> None:
    assert ntag21x.parse(f"https://m.example/c/{token}") == token


@pytest.mark.parametrize(
    "url",
    [
        "",
        "M000123456",
        "http://m.example/c/M000123456",
        "https://m.example/M000123456",
        "https://m.example/c/",
        "https://m.example/c/M0001",
        "https://m.example/c/" + "A" * 65,
        "https://m.example/c/M000123456/",
        "https://m.example/c/M000123456?x=1",
        "https://m.example/c/M000123456#x",
        "https://m.example/c/M000123456\n",
        "https://m.example/c/M000%3123456",
        "https://m.example/c/会员会员会员会员",
        "https:///c/M000123456",
        "https://m.example/" + "x" * 600 + "/c/M000123456",
    ],
)
def test_anything_but_a_static_url_has_no_token(url: str) -> None:
    assert ntag21x.parse(url) is None


@given(st.text())
def test_rubbish_is_never_more_than_refused(rubbish: str) -> None:
    assert ntag21x.parse(rubbish) is None
    assert ntag21x.parse(f"https://m.example/c/{rubbish}!") is None
