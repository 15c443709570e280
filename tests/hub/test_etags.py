import pytest

from hub.staff.permissions import Permission
from tests.hub.api import Api

KEPT = ["/openapi.json", "/v1/programme", "/v1/programme/terms", "/v1/rewards", "/v1/stores"]


def headers(api: Api, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key(*Permission)}", **more}


@pytest.mark.parametrize("path", KEPT)
def test_what_has_not_changed_is_not_sent_again(api: Api, path: str) -> None:
    first = api.client.get(path, headers=headers(api))

    again = api.client.get(path, headers=headers(api, **{"If-None-Match": f'"other", W/{first.headers["ETag"]}'}))

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_what_has_changed_is_sent_with_another_tag(api: Api) -> None:
    path, key = "/v1/programme/terms", api.key(*Permission)
    first = api.client.get(path, headers=headers(api))
    put = api.call("PUT", f"{path}/holds", {"document": {"minutes_max": 5}, "reason": "shorter"}, key=key)

    again = api.client.get(path, headers=headers(api, **{"If-None-Match": first.headers["ETag"]}))

    assert put.status_code in {200, 201}, put.text
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]


def test_refusals_and_what_is_personal_are_kept_by_nobody(api: Api) -> None:
    refused = api.client.get("/v1/programme", headers={"Authorization": "Bearer unknown"})
    member = api.client.get(f"/v1/members/{api.world.add_member()}", headers=headers(api))

    assert (refused.status_code, refused.headers["Cache-Control"]) == (401, "no-store")
    assert "ETag" not in refused.headers
    assert (member.status_code, member.headers["Cache-Control"]) == (200, "no-store")
