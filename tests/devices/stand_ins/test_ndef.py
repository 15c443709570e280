import ndef as ndeflib
import pytest

from devices.stand_ins import ndef


@pytest.mark.parametrize(
    "url",
    [
        "https://m.example/c/M000123456",
        "tel:+10000000",
        "https://m.example/" + "x" * 400,
        "https://会员.example/c/M000123456",
    ],
)
def test_a_url_is_read_as_it_was_written(url: str) -> None:
    (record,) = ndeflib.message_decoder(ndef.url_message(url), errors="strict")

    assert record.iri == url
