"""LiteLLM's own Python client classes against a gateway: keys, teams and users are managed with them.

    litellm_client.py BASE_URL MASTER_KEY

The models are fakes with known behaviour: `m` says ten words, `halves` breaks off after four.
The wheel is installed without what the rest of it needs, and only its client subpackage is imported: `litellm`
itself is a bare package here, so that its own `__init__`, which pulls in hundreds of modules, never runs.
Every function is one fact; the first that does not hold ends the program with a traceback and status 1.
"""

import importlib.util
import sys
import types

import requests

BARE = types.ModuleType("litellm")
BARE.__path__ = list(importlib.util.find_spec("litellm").submodule_search_locations)
sys.modules["litellm"] = BARE

from litellm.proxy.client import (  # noqa: E402
    Client,
    HealthManagementClient,
    StreamError,
    UnauthorizedError,
    UsersManagementClient,
)
from litellm.proxy.client.exceptions import NotFoundError  # noqa: E402

BASE_URL, MASTER_KEY = sys.argv[1:3]
WORDS = "tok " * 10
QUESTION = [{"role": "user", "content": "hi"}]


def client(key=MASTER_KEY):
    return Client(base_url=BASE_URL, api_key=key)


def users(key=MASTER_KEY):
    return UsersManagementClient(BASE_URL, key)


def post(path, body, key=MASTER_KEY):
    """What the classes have no method for is asked through the client's own HTTP client."""
    return client(key).http.request("POST", path, json=body)


def refusal(kind, ask):
    """The error of that kind that the call must raise."""
    try:
        ask()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def status(ask):
    return refusal(requests.exceptions.HTTPError, ask).response.status_code


def a_key_is_generated_used_and_told_about():
    made = client().keys.generate(
        models=["m"], aliases={"mine": "m"}, duration="24h", key_alias="lc-made", config={}, spend=0.0
    )
    key = made["key"]
    assert key.startswith("sk-") and made["key_alias"] == "lc-made" and made["expires"], made
    info = client().keys.info(key)["info"]
    assert info["models"] == ["m"] and info["aliases"] == {"mine": "m"} and info["key_alias"] == "lc-made", info
    assert float(info["spend"]) == 0, info
    for model in ["m", "mine"]:
        answer = client(key).chat.completions(model=model, messages=QUESTION, max_tokens=50, user="end-user-1")
        assert answer["choices"][0]["message"]["content"] == WORDS and answer["model"] == model, answer
    # A key may ask about itself, by its secret or its hash.
    assert client(key).keys.info(key)["info"]["key_alias"] == "lc-made"
    assert client().keys.info(made["token"])["info"]["key_alias"] == "lc-made"


def keys_are_listed_by_what_they_belong_to():
    team = post("/team/new", {"team_alias": "lc-listed"})["team_id"]
    keys = [client().keys.generate(team_id=team, key_alias=f"lc-list-{n}") for n in range(3)]
    first = client().keys.list(team_id=team, page=1, size=2)
    assert len(first["keys"]) == 2 and all(isinstance(key, str) for key in first["keys"]), first
    assert (first["total_count"], first["current_page"], first["total_pages"]) == (3, 1, 2), first
    second = client().keys.list(team_id=team, page=2, size=2, return_full_object=False)
    assert {*first["keys"], *second["keys"]} == {key["token"] for key in keys}
    whole = client().keys.list(key_alias="lc-list-1", return_full_object=True, include_team_keys=True)["keys"]
    assert [(key["team_id"], key["key_alias"]) for key in whole] == [(team, "lc-list-1")], whole
    by_hash = client().keys.list(key_hash=keys[2]["token"], return_full_object=True)["keys"]
    assert [key["key_alias"] for key in by_hash] == ["lc-list-2"], by_hash
    assert client().keys.list(user_id="nobody-owns-any")["keys"] == []


def a_key_is_updated():
    key = client().keys.generate(key_alias="lc-before", models=["m"])["key"]
    user = users().create_user({"user_id": "lc-owner", "auto_create_key": False})["user_id"]
    client().keys.update(key, key_alias="lc-after", models=["m", "halves"], user_id=user, duration="1mo")
    info = client().keys.info(key)["info"]
    told = (info["key_alias"], info["models"], info["user_id"])
    assert told == ("lc-after", ["m", "halves"], "lc-owner") and info["expires"], info
    # Every refusal of an update is this client's bare Exception with the answer's words.
    error = refusal(Exception, lambda: client().keys.update("sk-nobody-knows-this", key_alias="x"))
    assert "Error updating key" in str(error) and "not found" in str(error).lower(), error


def a_key_is_blocked_and_unblocked():
    key = client().keys.generate()["key"]
    post("/key/block", {"key": key})
    refusal(UnauthorizedError, lambda: client(key).chat.completions(model="m", messages=QUESTION))
    assert client().keys.info(key)["info"]["blocked"] is True
    post("/key/unblock", {"key": key})
    assert client(key).chat.completions(model="m", messages=QUESTION)["choices"]


def keys_are_deleted_by_secret_and_by_alias():
    first, second = (client().keys.generate(key_alias=f"lc-doomed-{n}")["key"] for n in range(2))
    assert client().keys.delete(keys=[first])["deleted_keys"]
    assert client().keys.delete(key_aliases=["lc-doomed-1"])["deleted_keys"]
    for key in [first, second]:
        assert status(lambda: client().keys.info(key)) == 404
        refusal(UnauthorizedError, lambda: client(key).models.list())
    assert status(lambda: client().keys.delete(keys=[first])) == 404


def a_spent_budget_is_a_422():
    key = post("/key/generate", {"max_budget": 0})["key"]
    error = refusal(
        requests.exceptions.HTTPError, lambda: client(key).chat.completions(model="m", messages=QUESTION)
    )
    assert error.response.status_code == 422, error
    assert error.response.json()["error"]["type"] == "budget_exceeded", error.response.text


def teams_are_listed_whole_and_by_page():
    made = post("/team/new", {"team_alias": "lc-team", "models": ["m"], "max_budget": 5.0})
    post("/team/member_add", {"team_id": made["team_id"], "member": {"role": "user", "user_id": "lc-member"}})
    teams = {team["team_id"]: team for team in client().teams.list()}
    team = teams[made["team_id"]]
    assert (team["team_alias"], team["models"]) == ("lc-team", ["m"]), team
    mine = client().teams.list(user_id="lc-member")
    assert [team["team_id"] for team in mine] == [made["team_id"]], mine
    page = client().teams.list_v2(team_alias="lc-tea", page=1, page_size=1)
    assert page["teams"][0]["team_id"] == made["team_id"], page
    assert (page["page"], page["page_size"], page["total"], page["total_pages"]) == (1, 1, 1, 1), page
    assert client().teams.list_v2(team_id="nobody-is-it")["teams"] == []
    post("/team/new", {"team_alias": "lc-TEAM-2"})
    by_name = client().teams.list_v2(team_alias="LC-team", sort_by="team_alias", sort_order="desc")["teams"]
    assert [team["team_alias"] for team in by_name] == ["lc-team", "lc-TEAM-2"], by_name
    assert client().teams.get_available() == []


def a_blocked_team_blocks_its_keys():
    team = post("/team/new", {"team_alias": "lc-blocked"})["team_id"]
    key = client().keys.generate(team_id=team)["key"]
    post("/team/block", {"team_id": team})
    error = refusal(Exception, lambda: client(key).chat.completions(model="m", messages=QUESTION))
    assert "401" in str(error) or "403" in str(error), error
    post("/team/delete", {"team_ids": [team]})
    assert team not in {team["team_id"] for team in client().teams.list()}
    refusal(UnauthorizedError, lambda: client(key).models.list())


def users_are_made_listed_told_about_and_deleted():
    made = users().create_user({
        "user_email": "lc@example.com", "user_role": "internal_user", "max_budget": 3.5, "models": ["m"],
    })
    user_id = made["user_id"]
    assert made["key"].startswith("sk-") and made["user_email"] == "lc@example.com", made
    told = users().get_user(user_id)
    assert told["user_id"] == user_id and told["user_info"]["user_role"] == "internal_user", told
    assert len(told["keys"]) == 1 and told["teams"] == [], told
    alone = users().get_user_v2(user_id)
    assert alone["user_id"] == user_id and alone["max_budget"] == 3.5, alone
    listed = users().list_users({"page": 1, "page_size": 100})
    assert user_id in {user["user_id"] for user in listed}, listed
    assert client(made["key"]).chat.completions(model="m", messages=QUESTION)["choices"]
    users().delete_user([user_id])
    refusal(NotFoundError, lambda: users().get_user(user_id))
    refusal(NotFoundError, lambda: users().get_user_v2(user_id))
    refusal(UnauthorizedError, lambda: client(made["key"]).models.list())


def strangers_are_unauthorized():
    nobody = client("sk-nobody-knows-this")
    for ask in [
        nobody.keys.list,
        nobody.keys.generate,
        lambda: nobody.keys.delete(keys=["sk-nobody-knows-this"]),
        lambda: nobody.keys.info("sk-nobody-knows-this"),
        nobody.teams.list,
        nobody.teams.list_v2,
        nobody.teams.get_available,
        nobody.models.list,
        nobody.models.info,
        lambda: nobody.chat.completions(model="m", messages=QUESTION),
        lambda: list(nobody.chat.completions_stream(model="m", messages=QUESTION)),
        users("sk-nobody-knows-this").list_users,
        lambda: users("sk-nobody-knows-this").create_user({}),
        lambda: users("sk-nobody-knows-this").get_user("u"),
        lambda: users("sk-nobody-knows-this").delete_user(["u"]),
    ]:
        refusal(UnauthorizedError, ask)


def a_key_is_no_administrator():
    key = client().keys.generate()["key"]
    assert status(client(key).keys.generate) in (401, 403)


def models_are_listed_and_found():
    assert {"m", "halves"} <= {model["id"] for model in client().models.list()}
    info = {model["model_name"]: model for model in client().models.info()}
    found = client().models.get(model_name="m")
    assert found == info["m"] and found == client().models.get(model_id=found["model_info"]["id"]), found
    assert float(found["model_info"]["input_cost_per_token"]) > 0, found
    refusal(NotFoundError, lambda: client().models.get(model_name="nobody-has-it"))


def the_gateway_is_ready_and_says_which_litellm_it_follows():
    health = HealthManagementClient(BASE_URL, MASTER_KEY)
    assert health.get_readiness()["db"] == "connected"
    assert health.get_server_version() == "1.109.1"


def a_stream_is_read_and_its_error_raised():
    chunks = client().chat.completions_stream(model="m", messages=QUESTION, temperature=0.5, n=1)
    text = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    assert text == WORDS, text
    refusal(StreamError, lambda: list(client().chat.completions_stream(model="halves", messages=QUESTION)))


FACTS = [
    a_key_is_generated_used_and_told_about,
    keys_are_listed_by_what_they_belong_to,
    a_key_is_updated,
    a_key_is_blocked_and_unblocked,
    keys_are_deleted_by_secret_and_by_alias,
    a_spent_budget_is_a_422,
    teams_are_listed_whole_and_by_page,
    a_blocked_team_blocks_its_keys,
    users_are_made_listed_told_about_and_deleted,
    strangers_are_unauthorized,
    a_key_is_no_administrator,
    models_are_listed_and_found,
    the_gateway_is_ready_and_says_which_litellm_it_follows,
    a_stream_is_read_and_its_error_raised,
]

for fact in FACTS:
    print(fact.__name__, flush=True)
    fact()
print("all hold", flush=True)
