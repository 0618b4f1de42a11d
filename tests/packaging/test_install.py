"""`make install` gives a person the command, and `make uninstall` takes it away and nothing else."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _make(*words: str) -> str:
    done = subprocess.run(["make", "--silent", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_command_is_installed_anew_and_removed(tmp_path: Path) -> None:
    prefix = tmp_path / "a person's"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "other").write_text("")
    said = _make("install", f"PREFIX={prefix}")
    assert "deskbell 0." in said
    assert f"It is {prefix}/bin/deskbell" in said
    deskbell = prefix / "bin" / "deskbell"
    helped = subprocess.run([deskbell, "relay", "--help"], capture_output=True, text=True, check=True)
    assert "relay" in helped.stdout
    assert str(ROOT) not in subprocess.run(
        [prefix / "share/deskbell/venv/bin/python", "-c", "import deskbell_daemon; print(deskbell_daemon.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    ).stdout  # fmt: skip
    _make("uninstall", f"PREFIX={prefix}")
    assert [path.name for path in prefix.rglob("*") if path.is_file() or path.is_symlink()] == ["other"]
