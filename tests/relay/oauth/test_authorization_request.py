"""What an assistant may ask for at /oauth/authorize, and where it hears what is wrong."""

import pytest
from assistants import CHALLENGE, CLI, CLI_PKCE, answered, code_for, redeem, sent_back
from paired_relay import CALLBACK, CLIENT, Laptop, PairedRelay

from deskbell_relay.oauth import redirects
from deskbell_wire.actions import SCOPES


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": ""}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/"}, "request_not_supported"),
        ({"scope": "notes:read everything"}, "invalid_scope"),
        ({"resource": "https://evil.example/actions"}, "invalid_target"),
        ({"resource": ""}, "invalid_target"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),  # the default is plain
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        (CLI, "invalid_request"),
        (CLI_PKCE | {"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_told_to_the_client_with_state_and_iss(
    relay: PairedRelay, changes: dict[str, str], error: str
) -> None:
    back = await sent_back(relay, **changes)
    assert (back["error"], back["state"], back["iss"]) == (error, "s1", relay.url)
    assert back["error_description"]
    assert "code" not in back


async def test_a_token_for_devices_is_not_given_to_an_assistant(relay: PairedRelay) -> None:
    assert (await sent_back(relay, resource=f"{relay.url}/v1"))["error"] == "invalid_target"


async def test_a_state_of_megabytes_is_refused_and_not_echoed_into_the_database(relay: PairedRelay) -> None:
    assert (await sent_back(relay, state="s" * 2_001))["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["scope", "state", "response_type", "code_challenge"])
async def test_a_parameter_given_twice_is_an_invalid_request(relay: PairedRelay, name: str) -> None:
    query = f"response_type=code&client_id={CLIENT}&redirect_uri={CALLBACK}&{name}=code&{name}=code"
    answer = await relay.tab().get(f"/oauth/authorize?{query}")
    assert answer.status == 303
    assert "error=invalid_request" in answer.headers["Location"]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_two_clients_or_addresses_get_a_page(relay: PairedRelay, name: str) -> None:
    query = f"response_type=code&client_id={CLIENT}&redirect_uri={CALLBACK}&{name}=x"
    answer = await relay.tab().get(f"/oauth/authorize?{query}")
    assert (answer.status, answer.content_type) == (400, "text/html")


@pytest.mark.parametrize("client_id", ["", "nobody", "deskbell-daemon", "deskbell-extension", "x" * 600, "\x00"])
async def test_an_unknown_client_gets_a_page(relay: PairedRelay, client_id: str) -> None:
    answer = await relay.tab().authorize(client_id=client_id)
    assert (answer.status, answer.content_type) == (400, "text/html")


@pytest.mark.parametrize(
    "uri",
    [
        "https://chatgpt.com/aip/g-1/oauth/callback/",
        "https://chatgpt.com:8443/aip/g-1/oauth/callback",
        "https://user@chatgpt.com/aip/g-1/oauth/callback",
        "https://ch\u0430tgpt.com/aip/g-1/oauth/callback",
        "https://CHATGPT.com/aip/g-1/oauth/callback",
        "https://chatgpt.com/aip/g-1/oauth/callback?next=1",
        "javascript:alert(1)",
    ],
)
async def test_another_address_gets_a_page_and_no_redirect(relay: PairedRelay, uri: str) -> None:
    answer = await relay.tab().authorize(redirect_uri=uri)
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert "Location" not in answer.headers


async def test_yes_and_no_both_come_back_with_state_and_iss(relay: PairedRelay, laptop: Laptop) -> None:
    yes = await answered(laptop)
    assert yes.keys() == {"code", "state", "iss"}
    no = await answered(laptop, "deny")
    assert (no["error"], no["state"], no["iss"]) == ("access_denied", "s1", relay.url)
    assert "code" not in no


async def test_state_comes_back_as_it_was(laptop: Laptop) -> None:
    state = "a b&c=d#é%20+\"'<>"
    assert (await answered(laptop, state=state))["state"] == state


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("", set(SCOPES)),
        ("notes:read", {"notes:read"}),
        ("offline_access notes:read", {"notes:read"}),
    ],
)
async def test_the_grant_has_the_scopes_that_were_asked_for(
    relay: PairedRelay, laptop: Laptop, scope: str, granted: set[str]
) -> None:
    status, tokens = await redeem(relay, await code_for(laptop, scope=scope))
    assert (status, set(tokens["scope"].split())) == (200, granted)


REGISTERED = ("https://chatgpt.com/aip/g-1/oauth/callback", "http://127.0.0.1/callback", "http://[::1]/callback")


@pytest.mark.parametrize(
    "uri",
    [
        *REGISTERED,
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]:8080/callback",
    ],
)
def test_registered_addresses_and_any_loopback_port_match(uri: str) -> None:
    assert redirects.is_registered(uri, REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "https://chatgpt.com/aip/g-1/oauth/callback/",
        "https://chatgpt.com/aip/g-2/oauth/callback",
        "https://chatgpt.com:443/aip/g-1/oauth/callback",
        "https://chatgpt.com:8443/aip/g-1/oauth/callback",
        "https://user@chatgpt.com/aip/g-1/oauth/callback",
        "https://chatgpt.com@evil.example/aip/g-1/oauth/callback",
        "https://CHATGPT.com/aip/g-1/oauth/callback",
        "https://сhatgpt.com/aip/g-1/oauth/callback",  # a Cyrillic letter
        "https://chatgpt.com/aip/g-1/oauth/callback?x=1",
        "https://chatgpt.com/aip/g-1/oauth/callback#x",
        "https://chatgpt.com/aip/g-1/oauth/../oauth/callback",
        "http://chatgpt.com/aip/g-1/oauth/callback",
        "http://localhost/callback",
        "http://127.0.0.1/other",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:080/callback",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://evil@127.0.0.1:80/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.2:80/callback",
        "http://127.1:80/callback",
        "http://127.0.0.1:80/callback?x",
        "http://127.0.0.1:80/callback#",
        "http://127.0.0.1:80\\@evil.example/callback",
        "http://127.0.0.1:80/callback\n",
        "HTTP://127.0.0.1:80/callback",
        "https://127.0.0.1:80/callback",
        "javascript:alert(1)",
        "//127.0.0.1/callback",
        "",
    ],
)
def test_every_other_writing_is_another_address(uri: str) -> None:
    assert not redirects.is_registered(uri, REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://bell.example/callback",
        "http://localhost/callback",
        "https://a@bell.example/",
        "https://bell.example/#x",
        "https:///x",
        "https://bell.example/ x",
        "https://bell.example/" + "x" * 2_000,
        "/callback",
        "",
    ],
)
def test_what_is_no_safe_address_cannot_be_registered(uri: str) -> None:
    assert redirects.problem_with(uri) is not None


def test_an_address_with_a_query_keeps_it() -> None:
    assert redirects.with_parameters("https://a.example/?x=1", [("code", "c d"), ("state", None)]) == (
        "https://a.example/?x=1&code=c+d"
    )
