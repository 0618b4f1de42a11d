"""A run from its request to its end, as its viewers see it."""

import json
from pathlib import Path

from paced_provider import saying
from run_rooms import RunRooms, text_of

from deskbell_wire.run import EndEvent, RunInfo


async def test_a_prompt_goes_in_and_tokens_and_one_end_come_out(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("Hel", "lo ", "Łódź\n", "🎉")) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id)
        assert [event.event for event in events] == ["run", "token", "token", "token", "token", "end"]
        assert text_of(events) == "Hello Łódź\n🎉"
        end = EndEvent.model_validate_json(events[-1].data)
        assert (end.status, end.finish_reason, end.code) == ("done", "stop", None)
        assert end.usage.model_dump() == {"prompt_tokens": 7, "completion_tokens": 3, "source": "provider"}
        assert end.ttft_ms is not None
        assert 0 < end.ttft_ms <= end.duration_ms
        info = RunInfo.model_validate(await rooms.info(run_id))
        assert (info.text, info.status, info.resumable, info.end) == ("Hello Łódź\n🎉", "done", True, end)
        [call] = rooms.provider.calls
        assert call.body["messages"] == [{"role": "user", "content": "Say hello"}]
        assert call.body["stream"] is True


async def test_it_resumes_after_every_cursor_without_hole_or_repeat(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*"Typewriter")) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id)
        for index, event in enumerate(events[:-1]):
            assert await rooms.read(run_id, event.last_event_id) == events[index + 1 :]
        headers = rooms.laptop.headers | {"Last-Event-ID": events[-1].last_event_id}
        async with rooms.relay.session.get(f"{rooms.relay.url}/ai/runs/{run_id}/stream", headers=headers) as answer:
            assert answer.status == 204  # ends an EventSource, which would come back for ever
        assert len(rooms.provider.calls) == 1


async def test_a_plain_event_source_starts_and_streams_in_one_request_and_comes_back_to_the_same_run(
    tmp_path: Path,
) -> None:
    async with RunRooms(tmp_path, saying("a", "b", "c")) as rooms:
        path = "/ai/stream?provider=compatible&q=Hello"
        events = await rooms.read("", path=path)
        assert text_of(events) == "abc"
        assert await rooms.read("", events[1].last_event_id, path=path) == events[2:]
        assert len(rooms.provider.calls) == 1


async def test_the_accounts_devices_hear_of_its_start_and_its_end(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("x")) as rooms:
        run_id = await rooms.begin(save_as_note=True)
        await rooms.read(run_id)
        await rooms.relay.core.runs.saved()
        events = await rooms.relay.core.channel.after(rooms.laptop.account_id, 0, 100)
        heard = [json.loads(data) for _, kind, data in events if kind == "run"]
        assert [(one["id"], one["status"], one["save_as_note"]) for one in heard] == [
            (run_id, "running", True),
            (run_id, "done", True),
        ]


async def test_when_the_log_is_gone_the_stream_says_so_and_the_text_is_still_there(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("kept"), ai_log_s=0.001) as rooms:
        run_id = await rooms.begin()
        await rooms.read(run_id)
        await rooms.relay.core.runs.saved()
        await rooms.relay.core.runs.sweep()
        status, problem = await rooms.laptop.call("GET", f"/ai/runs/{run_id}/stream")
        assert (status, problem["code"]) == (410, "run_not_resumable")
        info = await rooms.info(run_id)
        assert (info["text"], info["resumable"], info["end"]["status"]) == ("kept", False, "done")


async def test_providers_are_listed_without_keys_or_addresses(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, ai_openai_key="sk-canary-0123456789", ai_groq_key="gsk-canary") as rooms:
        status, document = await rooms.laptop.call("GET", "/ai/providers")
        assert status == 200
        assert [row["name"] for row in document["providers"]] == ["openai", "groq", "compatible"]
        assert [row["model"] for row in document["providers"]] == [None, None, "mock"]
        assert "canary" not in json.dumps(document)
        assert "127.0.0.1" not in json.dumps(document)
