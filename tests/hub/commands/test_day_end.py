from datetime import timedelta

from hub.clock import utc_now
from hub.day_end.models import DayEnd
from hub.day_end.run import DayNotOverError
from tests.hub.commands.conftest import Installation
from tests.hub.world import World


def test_every_day_that_is_over_is_ended_and_each_step_is_told(installation: Installation) -> None:
    World.found(installation.database)

    first, second = (installation.with_settings("day-end") for _ in range(2))

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    steps = [line.split()[1] for line in first.output.splitlines()[:-1]]
    assert steps == ["expire", "inactivity", "notices", "rollups", "proof", "done"]
    assert first.output.endswith("1 days were ended\n")
    assert second.output == "0 days were ended\n"
    with installation.database.read() as session:
        assert [day.step for day in session.query(DayEnd)] == ["done"]


def test_a_day_can_be_named(installation: Installation) -> None:
    World.found(installation.database)
    tomorrow = (utc_now() + timedelta(days=2)).date().isoformat()

    early = installation.with_settings("day-end", "--day", tomorrow)
    wrong = installation.with_settings("day-end", "--day", "yesterday")

    assert isinstance(early.exception, DayNotOverError)
    assert wrong.exit_code == 2


def test_a_hub_without_a_chain_has_no_days(installation: Installation) -> None:
    result = installation.with_settings("day-end")

    assert (result.exit_code, result.output) == (0, "0 days were ended\n")
