"""Pure rules of odd behaviour: each looks at a stretch of acts and says what a person should look at."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(gt=0)]


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """Thresholds of the rules."""

    failed_log_ins: Count = 10
