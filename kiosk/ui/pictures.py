"""Reward pictures: decoded on a thread of their own, kept as textures, and never a reason to wait or to fail."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from kivy.clock import Clock
from kivy.core.image import ImageLoader, ImageLoaderBase
from kivy.graphics.texture import Texture

log = logging.getLogger(__name__)

PICTURES_MAX = 96
"""Textures kept; the one unused for longest goes first."""
PICTURE_MAX_BYTES = 8 * 1024 * 1024
PICTURE_MAX_PIXELS = 4096 * 4096

Arrived = Callable[[Texture], None]


class Pictures:
    """Pictures by path, for the Kivy thread only. One that cannot be read never arrives."""

    def __init__(self) -> None:
        self._textures: OrderedDict[Path, Texture] = OrderedDict()
        self._waiting: dict[Path, list[Arrived]] = {}
        self._decoding = ThreadPoolExecutor(1, "pictures")

    def ask(self, path: Path, arrived: Arrived) -> Texture | None:
        """The picture if it is here already; otherwise None, and `arrived` is called in a later frame."""
        if path in self._textures:
            self._textures.move_to_end(path)
            return self._textures[path]
        if path not in self._waiting:
            self._waiting[path] = []
            self._decoding.submit(_decode, path).add_done_callback(partial(self._hand_over, path))
        self._waiting[path].append(arrived)
        return None

    def close(self) -> None:
        """End the thread; pictures still on their way are dropped."""
        self._decoding.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, path: Path, decoding: Future[ImageLoaderBase | None]) -> None:
        if not decoding.cancelled():
            Clock.schedule_once(lambda _elapsed_s: self._take(path, decoding.result()), 0)

    def _take(self, path: Path, decoded: ImageLoaderBase | None) -> None:
        waiting = self._waiting.pop(path)
        if decoded is None:
            return
        self._textures[path] = decoded.texture
        if len(self._textures) > PICTURES_MAX:
            self._textures.popitem(last=False)
        for arrived in waiting:
            arrived(decoded.texture)


def _decode(path: Path) -> ImageLoaderBase | None:
    """Runs on the thread: reads and unpacks, and touches no graphics."""
    try:
        decoded = _load(path)
    except Exception as error:  # noqa: BLE001 - decoders raise what they like, and a picture is only an ornament
        log.warning("picture %s cannot be shown: %s", path.name, error)
        return None
    return decoded


def _load(path: Path) -> ImageLoaderBase:
    size_bytes = path.stat().st_size
    if size_bytes > PICTURE_MAX_BYTES:
        raise ValueError(f"{size_bytes} bytes are more than {PICTURE_MAX_BYTES}")
    decoded = ImageLoader.load(str(path), nocache=True, mipmap=True)
    if decoded.width * decoded.height > PICTURE_MAX_PIXELS:
        raise ValueError(f"{decoded.width} x {decoded.height} are more pixels than {PICTURE_MAX_PIXELS}")
    return decoded
