"""People who change how they get in stand at the same doors as those who log in."""

from tests.hub.sessions.conftest import door, door_on_each_database

__all__ = ["door", "door_on_each_database"]
