"""An assistant that may write notes comes nowhere near the settings, the rules or the logs."""

import pytest

NAMES = [
    "../config/config",
    "../../state/rules",
    "config/config.toml",
    "state/audit/audit.jsonl",
    ".config/deskbell/config",
]


@pytest.mark.parametrize("where", ["", "config", "state", "state/audit"])
async def test_a_notes_folder_that_holds_deskbells_own_files_is_refused(relay, paired, start, where):
    home = paired.state_dir.parent
    folder = home / where if where else home
    paired.config_file.write_text(f'notes_folder = "{folder}"\n' + paired.config_file.read_text())
    before = paired.config_file.read_text()
    async with start(paired, performers=None, context=None) as daemon:
        report = await relay.report(await relay.send(arguments={"title": "config", "body": "x", "folder": "config"}))
        assert (report["status"], report["error"]["code"]) == ("failed", "invalid_settings")
        assert "not apart" in (await daemon.status())["notes_problem"]["detail"]
    assert paired.config_file.read_text() == before


async def test_the_home_folder_will_do_where_deskbells_own_files_are_hidden(
    relay, paired, start, tmp_path, monkeypatch
):
    from dataclasses import replace

    home = tmp_path / "me"
    places = replace(
        paired, config_file=home / ".config/deskbell/config.toml", state_dir=home / ".local/state/deskbell"
    )
    places.config_file.parent.mkdir(parents=True)
    places.config_file.write_text(f'notes_folder = "{home}"\n' + paired.config_file.read_text())
    places.state_dir.parent.mkdir(parents=True)
    paired.state_dir.rename(places.state_dir)
    before = places.config_file.read_bytes()
    async with start(places, performers=None, context=None):
        assert (await relay.report(await relay.send(arguments={"title": "Plain", "body": "x"})))["status"] == "done"
        for name in NAMES:
            for arguments in ({"title": name, "body": "x"}, {"title": "config", "folder": name, "body": "x"}):
                await relay.report(await relay.send(arguments=arguments))
            report = await relay.report(
                await relay.send(action="note.append", arguments={"path": name, "text": "x", "create": True})
            )
            assert report["status"] in {"failed", "done"}
        own = [path for path in (home / ".config").rglob("*") if path.is_file()]
        assert own == [places.config_file]
    assert places.config_file.read_bytes() == before
    assert not (places.state_dir / "rules.json").exists()
    assert not list(places.state_dir.rglob("*.md"))
