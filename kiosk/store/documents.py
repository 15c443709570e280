"""What the hub publishes to all: catalogue, programme, configuration; whole documents, replaced when newer."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct
from tinydb import where

from kiosk.store.tables import JournalDB
from protocol import codec
from protocol.requests import DocumentName, DocumentPage
from protocol.state import Configuration, Programme, Reward

Item = TypeVar("Item", bound=Struct)


class Documents:
    """The documents that are here whole, and those that are being fetched page by page."""

    def __init__(self, db: JournalDB) -> None:
        self._table = db.table("documents")
        self._arriving: dict[DocumentName, list[DocumentPage]] = {}
        self._versions: dict[str, int] = {document["name"]: document["version"] for document in self._table}
        self.catalogue: tuple[Reward, ...] = self._read("catalogue", Reward)
        self.programme: Programme | None = next(iter(self._read("programme", Programme)), None)
        self.configuration: Configuration | None = next(iter(self._read("configuration", Configuration)), None)

    def version(self, name: DocumentName) -> int:
        """Version of a document that is here; 0 where it is not."""
        return self._versions.get(name, 0)

    def take(self, page: DocumentPage) -> int | None:
        """Take a page. Returns the number of the next page to fetch; None when the document is whole and stored.

        Raises:
            MessageError: the whole document cannot be read; the one before stays.
            StoreError: the disk refuses it; the one before stays.
        """
        pages = self._arriving.setdefault(page.name, [])
        if pages and pages[0].version != page.version:
            pages.clear()
        if page.page != len(pages):
            return len(pages)
        pages.append(page)
        if len(pages) < page.pages:
            return len(pages)
        del self._arriving[page.name]
        self._store(page.name, page.version, [item for arrived in pages for item in arrived.items])
        return None

    def forget_arriving(self) -> None:
        """Begin unfinished documents again; the connection they came by is gone."""
        self._arriving.clear()

    def _store(self, name: DocumentName, version: int, items: Sequence[Raw]) -> None:
        document: dict[str, Any] = {
            "name": name,
            "version": version,
            "items": [msgspec.json.decode(item) for item in items],
        }
        # All is read before any of it is kept: what cannot be read would keep the kiosk from starting.
        catalogue, programme, configuration = self.catalogue, self.programme, self.configuration
        match name:
            case "catalogue":
                catalogue = tuple(codec.decode(item, Reward) for item in items)
            case "programme":
                programme = codec.decode(items[0], Programme)
            case "configuration":
                configuration = codec.decode(items[0], Configuration)
        self._table.upsert(document, where("name") == name)
        self._versions[name] = version
        self.catalogue, self.programme, self.configuration = catalogue, programme, configuration

    def _read(self, name: DocumentName, item_type: type[Item]) -> tuple[Item, ...]:
        found = self._table.get(where("name") == name)
        try:
            return () if found is None else tuple(msgspec.convert(item, item_type) for item in found["items"])
        except msgspec.ValidationError:
            # An earlier release has kept what this one does not take: it is fetched anew.
            del self._versions[name]
            return ()
