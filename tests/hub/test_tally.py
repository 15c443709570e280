import subprocess
import sys
from pathlib import Path
from random import Random

from fastapi.testclient import TestClient

from hub import tally
from hub.app import create_app
from hub.limits import Buckets, Limits
from hub.tally import PROBES, SALT_BYTES, SIZE_BYTES, SLOTS, Tally
from tests.hub.world import World

TAKE = """
import sys
from pathlib import Path
from hub.limits import Buckets
from hub.tally import Tally

buckets = Buckets(10, Tally.at(Path(sys.argv[1])))
print(sum(not buckets.take(b"till", 100.0).wait_s for _ in range(8)))
"""


def made(folder: Path) -> Path:
    path = folder / "tally"
    tally.make(path, Random(1).randbytes)
    return path


def test_processes_count_a_caller_together(tmp_path: Path) -> None:
    path = made(tmp_path)

    served = [
        int(subprocess.run([sys.executable, "-c", TAKE, str(path)], capture_output=True, check=True, timeout=60).stdout)
        for _ in range(3)
    ]

    assert served == [8, 2, 0]
    assert Buckets(10, Tally.at(path)).take(b"till", 100.0).wait_s == 6


def test_two_applications_keep_to_one_limit(small_world: World, tmp_path: Path) -> None:
    path, limits = made(tmp_path), Limits(key_per_minute=3, source_per_minute=100)
    headers = {"Authorization": f"Bearer {small_world.till_key}"}
    statuses = []

    for _ in range(2):
        with TestClient(create_app(small_world.hub, limits, Tally.at(path))) as client:
            statuses += [client.get("/v1/stores", headers=headers).status_code for _ in range(2)]

    assert statuses == [200, 200, 200, 429]


def test_the_table_stays_as_large_as_it_is_and_who_came_last_is_known() -> None:
    buckets, callers = Buckets(1, Tally.of_one()), [str(number).encode() for number in range(SLOTS + 1_000)]

    for number, caller in enumerate(callers):
        buckets.take(caller, number * 1e-3)

    assert buckets.take(callers[-1], len(callers) * 1e-3).wait_s > 0


def test_who_has_been_quiet_for_longest_gives_way() -> None:
    crowded, callers = Tally(bytearray(SALT_BYTES + PROBES * 16)), [bytes([number]) for number in range(PROBES + 1)]

    for at, caller in enumerate(callers, 1):
        place, _known = crowded.read(caller)
        crowded.write(place, float(at))

    assert [crowded.read(caller)[1] for caller in callers] == [0.0, *map(float, range(2, PROBES + 2))]


def test_credentials_are_not_kept(tmp_path: Path) -> None:
    path = made(tmp_path)

    Buckets(10, Tally.at(path)).take(b"Bearer mt_abc.secret", 100.0)

    assert path.stat().st_size == SIZE_BYTES
    assert any(path.read_bytes()[SALT_BYTES:])
    assert b"secret" not in path.read_bytes()
