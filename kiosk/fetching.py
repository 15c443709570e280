"""What this kiosk has to fetch from the hub: newer documents, page by page, and the key of the names after a start.

Questions and answers may be lost on the way, so whatever does not come is asked for again for as long as it is wanted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.store.errors import StoreError
from kiosk.store.local import LocalStore
from protocol.codec import MessageError
from protocol.limits import REQUEST_EXPIRY_S
from protocol.requests import DocumentName, DocumentPage, FetchDocument, ReleaseKey

REFUSED_AGAIN_S = 600.0
"""When the hub is asked again for a key that it refused, and for a document that could not be kept."""


@dataclass(slots=True)
class Wanted:
    """A document of which the hub has announced a version that is not here, and when which page is asked for."""

    version: int
    page: int = 0
    due_at: float = 0.0


class Fetching:
    """What is wanted. Times are those of the clock that only grows."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._wanted: dict[DocumentName, Wanted] = {}
        self._key_due_at = 0.0

    def announced(self, name: DocumentName, version: int) -> None:
        """The hub has said which version of a document it has; what it said last counts."""
        if version <= self._store.documents.version(name):
            self._wanted.pop(name, None)
        elif name in self._wanted:
            self._wanted[name].version = version
        else:
            self._wanted[name] = Wanted(version)

    def due(self, now: float) -> Iterator[FetchDocument | ReleaseKey]:
        """What is to be asked now. Once asked, it is due again when neither question nor answer can still come."""
        for name, wanted in self._wanted.items():
            if now >= wanted.due_at:
                wanted.due_at = now + REQUEST_EXPIRY_S
                yield FetchDocument(name, wanted.page)
        if now >= self._key_due_at and not self._store.seal.is_ready:
            self._key_due_at = now + REQUEST_EXPIRY_S
            yield ReleaseKey()

    def take(self, page: DocumentPage, now: float) -> bool:
        """Take a page; tells whether its document is whole and stored with it.

        Raises:
            MessageError: the document cannot be read.
            StoreError: the disk refuses it. In both cases it is left alone for a while.
        """
        wanted = self._wanted.get(page.name)
        if wanted is None or page.page != wanted.page:
            # Asked for twice, it has come twice.
            return False
        try:
            following = self._store.documents.take(page)
        except (MessageError, StoreError):
            wanted.page, wanted.due_at = 0, now + REFUSED_AGAIN_S
            raise
        if following is not None:
            wanted.page, wanted.due_at = following, now
            return False
        wanted.page = 0
        # Where a still newer one was announced meanwhile, it is asked for when it is due.
        self.announced(page.name, wanted.version)
        return True

    def page_refused(self, name: DocumentName) -> None:
        """The document has become shorter than this page: it begins again when it is due."""
        if name in self._wanted:
            self._wanted[name].page = 0

    def key_refused(self, now: float) -> None:
        """The hub does not give the key."""
        self._key_due_at = now + REFUSED_AGAIN_S

    def begin_again(self) -> None:
        """The connection is gone by which things were on their way."""
        self._store.documents.forget_arriving()
        self._wanted = {name: Wanted(wanted.version) for name, wanted in self._wanted.items()}
        self._key_due_at = 0.0
