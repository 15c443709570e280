"""What can be seen and tapped just now, by name. For tours and tests; changes nothing but the scroll position."""

from dataclasses import dataclass

from kivy.uix.widget import Widget

from kiosk.ui.stage import Stage
from kiosk.ui.widgets import Icon, Tappable, Text, TouchList


@dataclass(frozen=True, slots=True)
class Sight:
    """`modal` is empty when no question is open; `texts` are in the order of the widget tree, the list's all."""

    screen: str
    modal: str
    texts: tuple[str, ...]
    targets: tuple[str, ...]


class OutOfReachError(LookupError):
    """The target is not there, is covered by a question, or is disabled. Retryable: the screen may change."""


def look(stage: Stage) -> Sight:
    """What a person in front of the stage could read and tap."""
    modal = stage.open_modal()
    return Sight(
        screen=stage.screen.name if stage.screen else "",
        modal=modal.name if modal else "",
        texts=tuple(widget.text for widget in _shown(stage) if _is_words(widget)),
        targets=tuple(widget.name for widget in _shown(modal or stage) if _is_target(widget)),
    )


def find_target(stage: Stage, name: str) -> Widget:
    """The widget of that name if a finger could reach it; raises `OutOfReachError` saying why not."""
    modal = stage.open_modal()
    for widget in _shown(modal or stage):
        if _is_target(widget) and widget.name == name:
            return widget
    if modal is not None and any(_is_target(widget) and widget.name == name for widget in _shown(stage)):
        raise OutOfReachError(f"{name} is covered by {modal.name}")
    raise OutOfReachError(f"{name} is not on the screen")


def scroll_into_view(widget: Widget) -> None:
    """Scroll the list around the widget, if it is in one, until the widget is whole."""
    around = widget.parent
    while around is not None and around is not around.parent:
        if isinstance(around, TouchList):
            around.reveal(widget)
            return
        around = around.parent


def _shown(root: Widget) -> list[Widget]:
    """The widget and all inside it, without what is invisible."""
    if root.opacity == 0:
        return []
    shown = [root]
    for child in reversed(root.children):
        shown.extend(_shown(child))
    return shown


def _is_words(widget: Widget) -> bool:
    return isinstance(widget, Text) and not isinstance(widget, Icon) and bool(widget.text)


def _is_target(widget: Widget) -> bool:
    return isinstance(widget, Tappable) and bool(widget.name) and not widget.disabled
