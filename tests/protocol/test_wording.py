from typing import Any

import pytest

from protocol.errors import worded


@pytest.mark.parametrize(
    ("data", "language", "filled"),
    [
        ({"short": 3}, "en", {"short": 3}),
        ({"store": "S01", "store_zh": "南店", "store_en": "South"}, "zh", {"store": "南店"}),
        ({"store": "S01", "store_zh": "南店"}, "en", {"store": "S01"}),
        ({"left_today": 3}, "en", {"left_today": 3}),
    ],
)
def test_names_stand_in_the_language_of_the_sentence(
    data: dict[str, Any], language: str, filled: dict[str, Any]
) -> None:
    assert worded(data, language) == filled
