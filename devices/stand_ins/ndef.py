"""An NDEF message with one URL, as it lies on a card."""

_URI_TYPE = b"U"
_HTTPS = "https://"
_HTTPS_CODE = b"\x04"


def url_message(url: str) -> bytes:
    """Encode a URL as an NDEF message (NFC Forum URI record type definition); the host's `https://` is one byte."""
    payload = _HTTPS_CODE + url.removeprefix(_HTTPS).encode() if url.startswith(_HTTPS) else b"\x00" + url.encode()
    if len(payload) < 256:
        return b"\xd1\x01" + bytes([len(payload)]) + _URI_TYPE + payload
    return b"\xc1\x01" + len(payload).to_bytes(4, "big") + _URI_TYPE + payload
