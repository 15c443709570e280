"""Screenshots that show what the customer sees.

Pixels are only certain between drawing and flipping: read at any other time, the buffer may hold anything. Kivy's own
screenshot slants pictures whose width four does not divide, so the pixels are read and written here.
"""

from collections.abc import Callable
from pathlib import Path

from kivy.core.image import ImageLoader
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels


def take_screenshot(path: Path, done: Callable[[], None]) -> None:
    """Draw the window once more, write it to `path` as PNG, then call `done`. For the Kivy thread."""

    def write(_window: object) -> None:
        Window.unbind(on_flip=write)
        width, height = Window.size
        pixels = bytearray(glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE))
        # How opaque the window's own pixels are means nothing outside of it.
        pixels[3::4] = b"\xff" * (width * height)
        png = next(loader for loader in ImageLoader.loaders if loader.can_save("png", is_bytesio=False))
        png.save(str(path), width, height, "rgba", bytes(pixels), True, "png")  # noqa: FBT003 - OpenGL begins below
        done()

    Window.bind(on_flip=write)
    Window.canvas.ask_update()
