"""What people hold to a reader besides member cards: bank cards, older access cards, phones, and one odd chip."""

from collections.abc import Callable

from devices.stand_ins import apdu
from devices.stand_ins.activation import TypeACard
from devices.stand_ins.iso_dep import IsoDepCard

_PAYMENT_DIRECTORY = b"2PAY.SYS.DDF01"
_PAYMENT_TEMPLATE = bytes.fromhex("6F23840E325041592E5359532E4444463031A511BF0C0E610C4F07A00000033301018701019000")
_ATS = bytes.fromhex("0578807002")
_MINIMAL_ATS = bytes.fromhex("0208")
_CLASSIC_AUTHENTICATE = (0x60, 0x61)
_CLASSIC_NAK = b"\x04"
_RANDOM_UID_PREFIX = b"\x08"


class BankCard(IsoDepCard):
    """A payment card: it knows its payment applications and nothing of NDEF."""

    def __init__(self, uid: bytes) -> None:
        super().__init__(uid, atqa=b"\x04\x00", sak=0x20, ats=_ATS)

    def _leave(self) -> None:
        """Nothing of a session matters to us."""

    def _apdu(self, command: bytes) -> bytes:
        parsed = apdu.parse(command)
        if parsed is None:
            return apdu.WRONG_LENGTH
        if parsed.ins != apdu.SELECT:
            return apdu.UNKNOWN_INSTRUCTION
        return _PAYMENT_TEMPLATE if parsed.data == _PAYMENT_DIRECTORY else apdu.NOT_FOUND


class MinimalAtsCard(BankCard):
    """A legal card whose answer to select stops after the format byte, which nfcpy does not expect."""

    def __init__(self, uid: bytes) -> None:
        super().__init__(uid)
        self._ats = _MINIMAL_ATS


class Phone(BankCard):
    """A phone with its wallet open. It makes up a new UID every time the field comes back."""

    def __init__(self, random_bytes: Callable[[int], bytes], *, sak: int = 0x60) -> None:
        self._random_bytes = random_bytes
        super().__init__(_RANDOM_UID_PREFIX + random_bytes(3))
        self.sak = sak

    def _reset(self) -> None:
        self._uid = _RANDOM_UID_PREFIX + self._random_bytes(3)
        super()._reset()


class MifareClassicCard(TypeACard):
    """An older access or transport card: every block is behind a cipher that nfcpy does not speak."""

    def __init__(self, uid: bytes, nonce: bytes = bytes.fromhex("01200145")) -> None:
        super().__init__(uid, atqa=b"\x04\x00", sak=0x08)
        self._nonce = nonce

    def _reset(self) -> None:
        """Nothing outlives the field."""

    def _command(self, frame: bytes) -> bytes | None:
        if frame[0] in _CLASSIC_AUTHENTICATE and len(frame) == 2:
            return self._nonce
        self._sleep()
        return _CLASSIC_NAK
