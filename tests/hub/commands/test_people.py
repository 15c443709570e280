from hub.commands.people import SomebodyIsHereError
from hub.staff.models import Invitation, StaffSession
from hub.staff.permissions import Role
from hub.staff.service import hash_of
from tests.hub.commands.conftest import Installation
from tests.hub.world import World


def test_the_first_person_gets_a_token(installation: Installation) -> None:
    result = installation.with_settings("first-person")

    assert result.exit_code == 0, result.output
    with installation.database.read() as session:
        [row] = session.query(Invitation).all()
    assert row.token_hash == hash_of(result.output.strip())


def test_nobody_is_the_first_where_somebody_is(installation: Installation) -> None:
    World.found(installation.database).add_person(Role.CASHIER)

    result = installation.with_settings("first-person")

    assert isinstance(result.exception, SomebodyIsHereError)


def test_breaking_the_glass_prints_a_token(installation: Installation) -> None:
    result = installation.with_settings("break-glass")

    token = result.output.strip().splitlines()[-1]
    with installation.database.read() as session:
        [row] = session.query(StaffSession).all()
    assert (row.method, row.token_hash) == ("break-glass", hash_of(token))
