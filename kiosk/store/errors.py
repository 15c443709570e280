"""What can go wrong with the store, as types. `retryable` says whether the same call may succeed later by itself."""

from typing import ClassVar


class StoreError(Exception):
    """Base of everything the store raises on purpose."""

    retryable: ClassVar[bool] = False


class StoreFullError(StoreError):
    """The disk or the journal's own limit leaves no room. Nothing was written and the journal stays writable."""

    retryable: ClassVar[bool] = True


class RecordTooLargeError(StoreError):
    """A record, a table name or a document id is beyond what the format can hold. Nothing was written."""


class CompactionFailedError(StoreError):
    """The journal could not be rewritten; it goes on in its old file, complete and writable."""

    retryable: ClassVar[bool] = True


class JournalFailedError(StoreError):
    """A write or a sync failed. Whether its record is on the disk is unknown until `Journal.reopen()`."""

    retryable: ClassVar[bool] = True


class JournalReadOnlyError(StoreError):
    """Nothing was written, because an earlier failure has not been followed by `Journal.reopen()`."""

    retryable: ClassVar[bool] = True


class JournalLockedError(StoreError):
    """Another process, or another journal of this one, has the file open."""

    retryable: ClassVar[bool] = True


class JournalForeignError(StoreError):
    """The file is not a journal at all, and none of ours lies inside it."""


class JournalTooNewError(StoreError):
    """The file was written by a later release, whose format this one does not know."""


class JournalDamagedError(StoreError):
    """Acknowledged records cannot be read any more. The file was left as it is: set it aside, `salvage` reads it.

    `records_before` and `records_after` count what is readable on either side of the first damage, which begins at
    `position_bytes`. `records_lost` counts the sequence numbers that no readable record carries, where they show.
    """

    def __init__(self, position_bytes: int, *, records_before: int, records_after: int, records_lost: int) -> None:
        super().__init__(
            f"damaged at byte {position_bytes}: {records_before} records are readable before it, "
            f"{records_after} after it, and at least {records_lost} are lost"
        )
        self.position_bytes = position_bytes
        self.records_before = records_before
        self.records_after = records_after
        self.records_lost = records_lost
