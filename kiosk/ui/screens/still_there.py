"""The question that interrupts an idle visit."""

from kiosk.ui.screens.modal import Modal


class StillThereModal(Modal):
    """Any touch answers it, because every touch is reported; the button only says so."""

    name = "still_there"

    def show(self, question: str, stay_label: str, countdown: str) -> None:
        """Ask, and say how long the visit still lasts."""
        parts = self.parts
        parts.question.text = question
        parts.stay.text = stay_label
        parts.countdown.text = countdown
