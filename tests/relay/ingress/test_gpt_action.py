"""The GPT Action door: from the request to the response."""

import asyncio
import json
import zlib
from typing import Any

import pytest
from laptop import done, laptop
from relay_rooms import DEV_1, DEV_2, GRANT, Rooms

OTHER_GRANT = GRANT[:-1] + "2"


async def answer_of(request: Any) -> tuple[int, dict[str, Any]]:
    async with request as response:
        return response.status, await response.json()


async def test_a_command_is_answered_with_what_the_laptop_did(rooms: Rooms) -> None:
    async with laptop(rooms) as machine:
        status, result = await answer_of(rooms.act("acc_1", "createNote", {"title": "Boat", "body": "oars"}))
    assert (status, result["status"], result["output"]["path"]) == (200, "done", "Boat.md")
    assert machine.commands[0]["arguments"] == {"title": "Boat", "body": "oars"}
    assert machine.commands[0]["assistant"] == {"grant_id": GRANT, "name": "Test GPT", "host": "chatgpt.com"}


async def test_every_result_carries_its_hop_times_in_order(rooms: Rooms) -> None:
    def answer(command: dict[str, Any]) -> dict[str, Any]:
        return done(command) | {"acted_at": "2100-01-01T00:00:00.000000Z"}

    async with laptop(rooms, answer):
        _, result = await answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}))
    hops = result["hops"]
    assert hops["received"] <= hops["appended"] <= hops["sent"] <= hops["returned"]
    assert hops["acted"].startswith("2100")


async def test_a_sleeping_laptop_means_queued_with_an_expiry_and_getresult_brings_the_rest(rooms: Rooms) -> None:
    status, queued = await answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}, Prefer="wait=0"))
    assert (status, queued["status"]) == (202, "queued")
    assert queued["expires_at"] > queued["hops"]["received"]
    assert queued["check_after_s"] > 0
    async with laptop(rooms):
        status, result = await answer_of(rooms.act("acc_1", "getResult", {"command_id": queued["id"]}))
    assert (status, result["status"], result["output"]["path"]) == (200, "done", "Boat.md")


async def test_a_laptop_that_asks_its_person_is_said_to_be_waiting(rooms: Rooms) -> None:
    async with laptop(rooms, lambda command: None) as machine:
        waiting = asyncio.create_task(answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}, Prefer="wait=1")))
        await machine.until(lambda: bool(machine.commands))
        command_id = machine.commands[0]["id"]
        assert (await machine.report(command_id, {"status": "awaiting_approval"}, "progress"))[0] == 204
        status, result = await waiting
    assert (status, result["status"]) == (202, "awaiting_approval")
    assert "approve" in result["message"]


async def test_a_failure_on_the_laptop_is_told_with_its_code_and_next_step(rooms: Rooms) -> None:
    error = {"code": "name_taken", "message": "There is a note Boat already.", "next_step": "Append to it."}
    async with laptop(rooms, lambda command: {"status": "failed", "error": error}):
        status, result = await answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}))
    assert (status, result["status"], result["error"]) == (200, "failed", error)


async def test_the_same_request_in_flight_is_one_command(rooms: Rooms) -> None:
    async with laptop(rooms, lambda command: None) as machine:
        requests = [
            asyncio.create_task(answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}))) for _ in range(5)
        ]
        await machine.until(lambda: bool(machine.commands))
        late = asyncio.create_task(answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"})))
        await asyncio.sleep(0.1)
        await machine.report(machine.commands[0]["id"], done(machine.commands[0]))
        answers = await asyncio.gather(*requests, late)
    assert len(machine.commands) == 1
    assert {answer["id"] for _, answer in answers} == {machine.commands[0]["id"]}
    assert all(status == 200 for status, _ in answers)


async def test_the_same_words_of_another_assistant_are_another_command(rooms: Rooms) -> None:
    first = await answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}, Prefer="wait=0"))
    second = await answer_of(rooms.act("acc_1", "createNote", {"title": "Boat"}, grant=OTHER_GRANT, Prefer="wait=0"))
    assert first[1]["id"] != second[1]["id"]


@pytest.mark.parametrize("place", ["header", "body"])
async def test_an_idempotency_key_makes_a_repetition_the_same_command_even_when_it_is_done(
    rooms: Rooms, place: str
) -> None:
    body: dict[str, Any] = {"title": "Boat"}
    headers = {}
    if place == "header":
        headers["Idempotency_Key"] = "k-1"
    else:
        body["idempotency_key"] = "k-1"
    async with laptop(rooms) as machine:
        first = await answer_of(rooms.act("acc_1", "createNote", body, **headers))
        again = await answer_of(rooms.act("acc_1", "createNote", body, **headers))
        other = await answer_of(rooms.act("acc_1", "createNote", body | {"title": "Car"}, **headers))
    assert first[1]["id"] == again[1]["id"]
    assert again[1]["output"] == first[1]["output"]
    assert (other[0], other[1]["code"]) == (409, "idempotency_conflict")
    assert len(machine.commands) == 1


async def test_an_online_laptop_is_preferred_and_a_named_one_wins(rooms: Rooms) -> None:
    async with laptop(rooms, device=DEV_2) as second:
        await answer_of(rooms.act("acc_1", "createNote", {"title": "a"}))
        assert [command["arguments"]["title"] for command in second.commands] == ["a"]
        _, queued = await answer_of(
            rooms.act("acc_1", "createNote", {"title": "b", "device": "Laptop 1"}, Prefer="wait=0")
        )
        assert (queued["status"], queued["device"]) == ("queued", "laptop 1")
        status, problem = await answer_of(rooms.act("acc_1", "createNote", {"title": "c", "device": "nobody"}))
    assert (status, problem["code"]) == (404, "device_not_found")
    assert "'laptop 1', 'laptop 2'" in problem["detail"]


async def test_without_a_capable_device_nothing_is_queued(rooms: Rooms) -> None:
    await rooms.add_account("acc_2", DEV_1[:-1] + "9", actions=frozenset({"tab.open"}))
    status, problem = await answer_of(rooms.act("acc_2", "createNote", {"title": "Boat"}))
    assert (status, problem["code"]) == (409, "no_capable_device")
    assert await rooms.channel.heads(["acc_2"]) == {"acc_2": 0}


async def test_list_devices_says_who_is_there(rooms: Rooms) -> None:
    async with laptop(rooms):
        status, answer = await answer_of(rooms.act("acc_1", "listDevices", {}))
    assert status == 200
    assert [(device["name"], device["online"]) for device in answer["devices"]] == [
        ("laptop 1", True),
        ("laptop 2", False),
    ]


@pytest.mark.parametrize(
    ("operation", "body", "status", "code"),
    [
        ("noSuchThing", {}, 404, "unknown_operation"),
        ("createNote", {}, 422, "invalid_arguments"),
        ("createNote", {"title": 5}, 422, "invalid_arguments"),
        ("createNote", {"title": ["a"]}, 422, "invalid_arguments"),
        ("createNote", {"title": "x" * 10_000}, 422, "invalid_arguments"),
        ("createNote", {"title": "a", "titel": "b"}, 422, "invalid_arguments"),
        ("createNote", {"title": "a", "device": ""}, 422, "invalid_arguments"),
        ("editNote", {"path": "a.md", "version": "0" * 16, "replacement": "x"}, 422, "invalid_arguments"),
        ("getResult", {"command_id": "cmd_1"}, 422, "invalid_arguments"),
        ("getResult", {"command_id": "cmd_01932c07-0000-7000-8000-000000000000"}, 404, "command_not_found"),
        ("listDevices", {"all": True}, 422, "invalid_arguments"),
    ],
)
async def test_bad_input_gets_its_problem_and_changes_nothing(
    rooms: Rooms, operation: str, body: dict[str, Any], status: int, code: str
) -> None:
    async with rooms.act("acc_1", operation, body) as response:
        problem = await response.json()
        assert (response.status, problem["code"]) == (status, code)
        assert response.content_type == "application/problem+json"
        assert problem["next_step"]
        assert response.headers["X-Request-Id"] == problem["request_id"]
    assert await rooms.channel.heads(["acc_1"]) == {"acc_1": 0}


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"[]", 400, "malformed_json"),
        (b'"text"', 400, "malformed_json"),
        (b'{"title": NaN}', 400, "malformed_json"),
        (b'{"title": ' + b"1" * 6000 + b"}", 400, "malformed_json"),
        (b'{"title": "\xff"}', 400, "malformed_json"),
        (b'{"title": "\\ud800"}', 400, "malformed_json"),
        (b'{"title": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "body_too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, 400, "body_too_deep"),
        (b'{"title": "' + b"x" * 100_000 + b'"}', 413, "body_too_large"),
    ],
)
async def test_bad_json_gets_its_problem(rooms: Rooms, raw: bytes, status: int, code: str) -> None:
    headers = {"Authorization": f"Bearer assistant:acc_1:{GRANT}", "Content-Type": "application/json"}
    async with rooms.session.post("/actions/createNote", data=raw, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (status, code)
    assert await rooms.channel.heads(["acc_1"]) == {"acc_1": 0}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_bomb_is_too_large(rooms: Rooms, encoding: str) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    bomb = compressor.compress(b'{"title": "' + b"x" * 50_000_000 + b'"}') + compressor.flush()
    assert len(bomb) < 100_000
    headers = {
        "Authorization": f"Bearer assistant:acc_1:{GRANT}",
        "Content-Type": "application/json",
        "Content-Encoding": encoding,
    }
    async with rooms.session.post("/actions/createNote", data=bomb, headers=headers) as response:
        assert response.status in (400, 413)
        assert (await response.json())["code"] in ("body_too_large", "malformed_request")


async def test_another_media_type_is_refused(rooms: Rooms) -> None:
    headers = {"Authorization": f"Bearer assistant:acc_1:{GRANT}", "Content-Type": "text/plain"}
    async with rooms.session.post("/actions/createNote", data=b"{}", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (415, "unsupported_media_type")


async def test_a_slow_body_is_cut_off(tmp_path: Any) -> None:
    rooms = Rooms(tmp_path, upload_timeout_s=0.3)
    await rooms.start()
    try:
        host, port = rooms.runner.addresses[0]
        reader, writer = await asyncio.open_connection(host, port)
        head = f"POST /actions/createNote HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer assistant:a:{GRANT}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
        assert b"408" in answer
        writer.close()
    finally:
        await rooms.stop()


async def test_an_address_that_is_not_there_and_a_method_that_is_not_taken_are_problems_too(rooms: Rooms) -> None:
    async with rooms.session.get("/nowhere") as response:
        assert (response.status, (await response.json())["code"]) == (404, "not_found")
    async with rooms.session.delete("/v1/commands") as response:
        assert (response.status, (await response.json())["code"]) == (405, "method_not_allowed")
        assert response.headers["Allow"] == "GET"


async def test_commands_are_limited_by_account_and_say_when_to_return(tmp_path: Any) -> None:
    rooms = Rooms(tmp_path, commands_rate="3/minute")
    await rooms.start()
    await rooms.add_account("acc_1", DEV_1)
    await rooms.add_account("acc_2", DEV_2)
    try:
        for number in range(3):
            assert (await answer_of(rooms.act("acc_1", "createNote", {"title": f"{number}"}, Prefer="wait=0")))[
                0
            ] == 202
        async with rooms.act("acc_1", "createNote", {"title": "more"}, Prefer="wait=0") as response:
            problem = await response.json()
            assert (response.status, problem["code"]) == (429, "rate_limited")
            assert 1 <= int(response.headers["Retry-After"]) <= 120
        assert (await answer_of(rooms.act("acc_2", "createNote", {"title": "mine"}, Prefer="wait=0")))[0] == 202
        assert (await answer_of(rooms.act("acc_1", "listDevices", {})))[0] == 200
    finally:
        await rooms.stop()


async def test_a_token_in_the_address_is_refused(rooms: Rooms) -> None:
    async with rooms.session.get("/v1/commands", params={"access_token": f"device:acc_1:{DEV_1}"}) as response:
        assert (response.status, (await response.json())["code"]) == (400, "malformed_request")


async def test_an_event_of_a_finished_command_no_longer_holds_its_contents(rooms: Rooms) -> None:
    async with laptop(rooms):
        _, result = await answer_of(rooms.act("acc_1", "createNote", {"title": "Secret plan"}))
    kept = await rooms.channel.after("acc_1", 0, 10)
    assert kept == [(1, "cancel", json.dumps({"id": result["id"]}, separators=(",", ":")))]
