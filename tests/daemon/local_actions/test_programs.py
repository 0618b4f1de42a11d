"""Which program is run, with which environment: nothing that somebody else could have put there."""

import os
from pathlib import Path

import pytest

from deskbell_daemon.local_actions.environment import child_environment
from deskbell_daemon.local_actions.programs import check_program, find_program, search_path
from deskbell_wire.errors import Problem

HOSTILE = {
    "PATH": f".::{os.environ['PATH']}:bin",
    "HOME": "/home/me",
    "LANG": "de_DE.UTF-8",
    "LD_PRELOAD": "/tmp/evil.so",
    "LD_LIBRARY_PATH": "/tmp",
    "PYTHONPATH": "/tmp",
    "PYTHONSTARTUP": "/tmp/evil.py",
    "BASH_ENV": "/tmp/evil.sh",
    "DESKBELL_SECRET_KEY": "canary",
    "GITHUB_TOKEN": "canary",
    "EDITOR": "vi",
}


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir(mode=0o755)
    program = folder / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_a_program_is_found_by_the_daemons_path_and_is_whole(tool: Path) -> None:
    assert find_program("tool", {"PATH": str(tool.parent)}) == tool
    assert find_program(str(tool), {"PATH": ""}) == tool


def test_what_stands_in_the_working_folder_is_no_program(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tool.parent)
    for path in ("", ".", f"{os.pathsep}.{os.pathsep}", "../bin"):
        with pytest.raises(Problem) as caught:
            find_program("tool", {"PATH": path})
        assert caught.value.code == "action_not_started"
    with pytest.raises(Problem) as caught:
        find_program("./tool", {"PATH": str(tool.parent)})
    assert caught.value.code == "action_unsafe"


def test_a_program_that_is_not_there_or_not_executable_is_said(tool: Path) -> None:
    tool.chmod(0o644)
    for word in ("tool", str(tool), "no-such-program"):
        with pytest.raises(Problem) as caught:
            find_program(word, {"PATH": str(tool.parent)})
        assert caught.value.code == "action_not_started"


@pytest.mark.parametrize("what", ["file", "folder", "link's folder", "link's target"])
def test_a_program_that_others_could_swap_is_refused(tool: Path, tmp_path: Path, what: str) -> None:
    link = tmp_path / "links" / "tool"
    link.parent.mkdir(mode=0o755)
    link.symlink_to(tool)
    check_program(link)
    loose = {"file": tool, "folder": tool.parent, "link's folder": link.parent, "link's target": tool}[what]
    loose.chmod(0o777)
    with pytest.raises(Problem) as caught:
        check_program(tool if what in ("file", "folder") else link)
    assert caught.value.code == "action_unsafe"


def test_a_child_gets_a_few_usual_variables_and_what_the_action_names() -> None:
    found = child_environment(["EDITOR", "MISSING"], HOSTILE, "m1")
    assert found == {
        "PATH": os.environ["PATH"],
        "HOME": "/home/me",
        "LANG": "de_DE.UTF-8",
        "EDITOR": "vi",
        "DESKBELL_RUN": "m1",
    }
    assert "canary" not in str(found)


def test_the_search_path_has_whole_folders_alone() -> None:
    assert search_path({"PATH": os.pathsep.join(["", ".", "bin", "/usr/bin", "../x"])}) == "/usr/bin"
