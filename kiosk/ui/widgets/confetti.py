"""A short shower of paper behind the voucher. It lies under the card, so it can never fall across the QR code."""

import math
from dataclasses import dataclass

from kivy.clock import Clock
from kivy.graphics import Color, Mesh
from kivy.metrics import dp
from kivy.uix.widget import Widget

from kiosk.ui import theme

SHOWER_S = 2.8
FRAMES_PER_S = 30
PIECES_PER_COLOUR = 18
COLOURS = tuple(theme.hex_colour(code) for code in ("FFD166", "5FE0B5", "FF7F8E", "7CC4FF", "C3A6FF"))
PIECE_UNITS = (13, 21)
GOLDEN = 0.6180339887
"""Multiples of the golden ratio spread evenly without any randomness."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Shares of the widget's width and height; the start lies above the top edge."""

    across: float
    start: float
    fall_per_s: float
    sway: float
    spin_per_s: float


class Confetti(Widget):
    """Falls once when told to, then is gone and costs nothing."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._elapsed_s = 0.0
        self._ticking = Clock.create_trigger(self._tick, 1 / FRAMES_PER_S, interval=True)
        self._meshes: list[tuple[Mesh, list[_Piece]]] = []
        with self.canvas:
            self._tint: list[Color] = []
            for number, colour in enumerate(COLOURS):
                self._tint.append(Color(*colour))
                pieces = [_piece(number * PIECES_PER_COLOUR + index) for index in range(PIECES_PER_COLOUR)]
                self._meshes.append((Mesh(mode="triangles", indices=_INDICES), pieces))

    def fall(self) -> None:
        """Throw one shower."""
        self._elapsed_s = 0.0
        self._ticking()

    def wipe(self) -> None:
        """Clear it away at once."""
        self._ticking.cancel()
        for mesh, _pieces in self._meshes:
            mesh.vertices = []

    def _tick(self, elapsed_s: float) -> None:
        self._elapsed_s += elapsed_s
        if self._elapsed_s >= SHOWER_S:
            self.wipe()
            return
        fade = min(1.0, (SHOWER_S - self._elapsed_s) / 0.6)
        for tint, (mesh, pieces) in zip(self._tint, self._meshes, strict=True):
            tint.a = fade
            mesh.vertices = [number for piece in pieces for number in self._corners(piece)]

    def _corners(self, piece: _Piece) -> list[float]:
        """Two triangles' corners (x, y, u, v each) of a piece that turns in the plane and tumbles out of it."""
        time_s = self._elapsed_s
        x = self.x + self.width * (piece.across + piece.sway * math.sin(2.1 * time_s + piece.spin_per_s))
        y = self.y + self.height * (piece.start - piece.fall_per_s * time_s - 0.04 * time_s * time_s)
        turn = piece.spin_per_s * time_s
        half_width = dp(PIECE_UNITS[0]) / 2 * (0.25 + 0.75 * abs(math.cos(turn * 1.3)))
        half_height = dp(PIECE_UNITS[1]) / 2
        cosine, sine = math.cos(turn), math.sin(turn)
        corners: list[float] = []
        for right, up in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            across, along = right * half_width, up * half_height
            corners += (x + across * cosine - along * sine, y + across * sine + along * cosine, 0, 0)
        return corners


def _piece(number: int) -> _Piece:
    spread, depth = (number * GOLDEN) % 1, (number * GOLDEN * GOLDEN) % 1
    return _Piece(
        across=spread,
        start=1.03 + 0.55 * depth,
        fall_per_s=0.42 + 0.22 * ((spread * 7) % 1),
        sway=0.015 + 0.02 * depth,
        spin_per_s=(2.0 + 3.0 * depth) * (1 if number % 2 else -1),
    )


_INDICES = [corner + 4 * piece for piece in range(PIECES_PER_COLOUR) for corner in (0, 1, 2, 0, 2, 3)]
