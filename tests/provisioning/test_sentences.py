from pathlib import Path

import pytest

from protocol.errors import ErrorCode
from provisioning.sentences import ERRORS, sentences

FILES = ("words.ftl",)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that greets in two languages, and says goodbye in one."""
    return make_package(
        tmp_path / "package", zh="greeting = 您好，{ $name }\n", en="greeting = Hello, { $name }\nparting = Goodbye\n"
    )


def make_package(folder: Path, file: str = "words.ftl", **languages: str) -> Path:
    for language, text in languages.items():
        path = folder / "locale" / language / file
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_sentence_is_said_in_the_language_asked_for(package: Path) -> None:
    spoken = sentences(("zh", "en"), (package,), FILES)

    assert spoken.format_value("greeting", {"name": "小王"}) == "您好，小王"


def test_sentence_that_a_language_lacks_is_said_in_the_next(package: Path) -> None:
    spoken = sentences(("zh", "en"), (package,), FILES)

    assert spoken.format_value("parting") == "Goodbye"


def test_sentence_that_nobody_has_is_said_by_its_name(package: Path) -> None:
    spoken = sentences(("zh", "en"), (package,), FILES)

    assert spoken.format_value("missing") == "missing"


def test_language_without_files_is_passed_over(package: Path) -> None:
    spoken = sentences(("fr", "en"), (package,), FILES)

    assert spoken.format_value("parting") == "Goodbye"


def test_several_packages_speak_together(package: Path, tmp_path: Path) -> None:
    other = make_package(tmp_path / "other", "more.ftl", en="thanks = Thank you\n")

    spoken = sentences(("en",), (package, other), ("words.ftl", "more.ftl"))

    assert (spoken.format_value("parting"), spoken.format_value("thanks")) == ("Goodbye", "Thank you")


def test_gaps_are_filled_without_invisible_marks(package: Path) -> None:
    spoken = sentences(("en",), (package,), FILES)

    assert spoken.format_value("greeting", {"name": "A"}) == "Hello, A"


def test_files_are_read_once(package: Path) -> None:
    first = sentences(("en",), (package,), FILES)

    assert sentences(("en",), (package,), FILES) is first


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_error_has_its_sentence_at_the_shipped_place(language: str) -> None:
    spoken = sentences((language,), (ERRORS,), ("errors.ftl",))

    names = [code.replace(".", "-") for code in ErrorCode]
    assert [name for name in names if spoken.format_value(name) == name] == []
