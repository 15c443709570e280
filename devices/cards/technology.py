"""Names of the card technologies, as they travel in `CardEvidence.technology`."""

from enum import StrEnum


class Technology(StrEnum):
    """What the reader took a card for. It is a hint for people: only a verified dynamic URL gives a card rights."""

    NTAG424 = "ntag424"
    """A smart card with a dynamic URL."""
    NTAG21X = "ntag21x"
    """A card of plain memory (NFC Forum Type 2 Tag), whatever its URL looks like."""
    UNKNOWN = "unknown"
    """A smart card with a static URL."""
