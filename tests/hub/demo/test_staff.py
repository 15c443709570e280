import pytest

from hub.demo.staff import STAFF, DemoPerson
from hub.people import invitations
from hub.staff.models import Person
from tests.hub.demo.conftest import Demo


@pytest.mark.parametrize("one", STAFF, ids=lambda one: one.login)
def test_everybody_has_an_invitation_and_nobody_a_password(demo: Demo, one: DemoPerson) -> None:
    hub = demo.hub

    with hub.database.read() as session:
        person = session.query(Person).filter_by(login=one.login).one()
        shown = invitations.look(session, hub.log_ins.judge, demo.seeded.invitations[one.login], hub.clock())

    assert (person.state, person.role, person.password_hash) == ("invited", one.role, None)
    assert shown["login"] == one.login


def test_tokens_are_drawn_anew_each_time(demo: Demo) -> None:
    assert len(set(demo.seeded.invitations.values())) == len(STAFF)
