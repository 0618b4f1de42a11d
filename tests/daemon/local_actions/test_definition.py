"""What may stand in `[action.NAME]`, and that an error names its line."""

import re
from pathlib import Path

import pytest

from deskbell_daemon.local_actions.definition import ActionTable, Parameter
from deskbell_daemon.local_actions.starter import starters
from deskbell_daemon.settings import Settings, parse_settings
from deskbell_wire.errors import Problem

GIT = """
[action.git_status]
description = "Shows what has changed in a project."
argv = ["git", "-C", "{project}", "status"]
parameters = [{ name = "project", kind = "path", root = "~/Projects" }]
"""


def read(text: str) -> Settings:
    return parse_settings(text, Path("config.toml"), Path("/home/me/Notes"))


def of(body: str) -> str:
    return f'[action.x]\ndescription = "Does it."\n{body}\n'


def text(name: str = "p", **more: str) -> str:
    rest = "".join(f", {key} = {value}" for key, value in more.items())
    return f'parameters = [{{ name = "{name}", kind = "text"{rest} }}]'


def test_an_action_needs_little_and_the_rest_is_safe() -> None:
    action = read(GIT).action["git_status"]
    declared = action.declared("git_status")
    assert (declared.title, declared.parameters[0].kind) == ("Git status", "path")
    assert (action.timeout_s, action.output_bytes, action.consent, action.keeps_running) == (60, 65_536, None, False)


def test_what_is_declared_says_nothing_of_how_it_is_done() -> None:
    action = read(GIT + 'folder = "~/canary"\nenvironment = ["CANARY"]\nconsent = "allow"\n').action["git_status"]
    said = action.declared("git_status").model_dump_json()
    assert not any(word in said for word in ("canary", "CANARY", "-C", "Projects", "allow", "consent", "root"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('argv = ["git", "--work-tree={p}"]\n' + text(), "whole slot"),
        ('argv = ["{p}"]\n' + text(), "program cannot be a parameter"),
        ('argv = ["git", "{q}"]\n' + text(), "none of the parameters"),
        ('argv = ["git"]\n' + text(), "fills no slot"),
        ("argv = []", "at least 1"),
        ('argv = "git status"', "tuple"),
        ('argv = ["sh", "-c", "{p}"]\n' + text(), "would be what sh executes"),
        ('argv = ["/usr/bin/python3", "-c", "{p}"]\n' + text(), "would be what python3 executes"),
        ('argv = ["bash", "{p}"]\n' + text(), "would be what bash executes"),
        ('argv = ["git", "{p}"]\nparameters = [{ name = "p", kind = "path" }]', "needs its root"),
        ('argv = ["git", "{p}"]\n' + text(root='"/tmp"'), "needs its root"),
        ('argv = ["git", "{p}"]\nparameters = [{ name = "p", kind = "path", root = "Projects" }]', "whole path"),
        ('argv = ["git", "{device}"]\n' + text("device"), "cannot be called device"),
        ('argv = ["git", "{p}"]\n' + text(default='"x"'), "required = false"),
        ('argv = ["git"]\nfolder = "Projects"', "whole path"),
        ('argv = ["git"]\nenvironment = ["LD_PRELOAD"]', "never passed on"),
        ('argv = ["git"]\nenvironment = ["PYTHONPATH"]', "never passed on"),
        ('argv = ["git"]\nenvironment = ["GITHUB_TOKEN"]', "never passed on"),
        ('argv = ["git"]\nenvironment = ["AWS_SECRET_ACCESS_KEY"]', "never passed on"),
        ('argv = ["git"]\ntimeout_s = 3601', "less than or equal to 3600"),
        ('argv = ["git"]\nshell = true', "no such key"),
        ('argv = ["git"]\nconsent = "never"', "'ask', 'allow' or 'refuse'"),
    ],
)
def test_what_could_go_wrong_is_refused_when_it_is_read(body: str, words: str) -> None:
    with pytest.raises(Problem) as caught:
        read(of(body))
    assert caught.value.code == "invalid_settings"
    assert words in caught.value.detail, caught.value.detail


def test_a_script_of_an_interpreter_may_have_parameters() -> None:
    read(of('argv = ["bash", "/home/me/backup.sh", "{p}"]\n' + text()))
    read(of('argv = ["sh", "-c", "echo \\"$1\\"", "say", "{p}"]\n' + text()))


def test_an_error_names_the_line() -> None:
    with pytest.raises(Problem) as caught:
        read(GIT + '\n[action.other]\ndescription = "Does it."\nargv = ["true"]\ntimeout_s = "soon"\n')
    assert "line 10: action.other.timeout_s" in caught.value.detail
    with pytest.raises(Problem, match=r"line 2: action\.Other"):
        read('\n[action.Other]\ndescription = "Does it."\nargv = ["true"]\n')


def test_any_change_of_a_definition_changes_its_digest() -> None:
    digests = {
        read(GIT).action["git_status"].digest(),
        read(GIT + "timeout_s = 61").action["git_status"].digest(),
        read(GIT.replace("status", "diff").replace("git_diff", "git_status")).action["git_status"].digest(),
        read(GIT.replace("~/Projects", "~/Other")).action["git_status"].digest(),
    }
    assert len(digests) == 4


def test_the_example_of_the_documentation_is_valid_and_names_every_key() -> None:
    page = (Path(__file__).parents[3] / "docs" / "local-actions.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.+?)```", page, re.DOTALL)
    assert read(example).action["publish_page"].parameters[1].default == "{today}"
    for key in [*ActionTable.model_fields, *Parameter.model_fields]:
        assert f"`{key}`" in page or re.search(rf"^{key} =", example, re.MULTILINE) or f"`{key} = " in page, key


def test_the_table_of_the_documentation_has_the_starter_set() -> None:
    page = (Path(__file__).parents[3] / "docs" / "local-actions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page.split("## The starter set")[1].split("## Your own")[0], re.MULTILINE)
    assert rows == list(starters("linux"))
