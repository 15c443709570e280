import json
from pathlib import Path

import pytest

from provisioning.box.report import Report


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def report(tmp_path: Path, said: list[str]) -> Report:
    return Report(tmp_path, said.append)


def fail(report: Report, name: str, error: Exception) -> None:
    with report.step(name):
        raise error


def test_report_without_a_step_is_not_good(report: Report) -> None:
    assert not report.ok


def test_report_is_good_when_every_step_held(report: Report) -> None:
    with report.step("first"):
        pass
    with report.step("second"):
        pass

    assert report.ok
    assert [(step["name"], step["ok"]) for step in report.steps] == [("first", True), ("second", True)]


def test_failed_step_is_noted_and_the_next_one_is_done(report: Report, said: list[str]) -> None:
    fail(report, "first", ValueError("no card"))
    with report.step("second"):
        pass

    assert not report.ok
    assert [step.get("problem") for step in report.steps] == ["ValueError: no card", None]
    assert [line.split()[0] for line in said] == ["FAIL", "ok"]
    assert said[0].endswith("first  (ValueError: no card)")


def test_error_without_words_is_a_problem_too(report: Report) -> None:
    fail(report, "first", ValueError())

    assert not report.ok


def test_interruption_ends_the_tour(report: Report) -> None:
    with pytest.raises(KeyboardInterrupt), report.step("first"):
        raise KeyboardInterrupt

    assert not report.ok


def test_report_is_written_with_figures_and_screens(report: Report, tmp_path: Path) -> None:
    with report.step("积分"):
        report.figure("tap_ms_p50", 12.345)
    picture = report.screen("balance")

    path = report.write()

    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["ok"] is True
    assert content["steps"][0]["name"] == "积分"
    assert content["figures"] == {"tap_ms_p50": 12.3}
    assert content["screens"] == ["balance.png"]
    assert (path, picture) == (tmp_path / "report.json", tmp_path / "balance.png")
