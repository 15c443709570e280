"""Rows, tiles and keys are made once and kept; this puts as many of them on the screen as there is to show."""

from collections.abc import Sequence
from typing import Any

from kivy.uix.layout import Layout

from kiosk.ui.screens.screen import wipe_tree


def show_each(box: Layout, pool: Sequence[Any], views: Sequence[object]) -> None:
    """Let the first widgets of the pool show one view each, in order; put the rest away with nothing left on them."""
    for index, widget in enumerate(pool):
        if index < len(views):
            widget.show(views[index])
            if widget.parent is None:
                box.add_widget(widget)
        elif widget.parent is not None:
            box.remove_widget(widget)
            wipe_tree(widget)
