"""The house stands as DESIGN drew it, and stays so."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 400


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).exists()]


@pytest.mark.parametrize("folder", ["daemon", "packaging", "gpt_action", "tests"])
def test_a_folder_of_ours_never_shadows_a_package_of_that_name(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


def test_no_folder_of_tests_is_a_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("folder", ["daemon", "extension", "gpt_action", "tests", "packaging", "wire", "bench", "docs"])
def test_every_room_of_the_house_is_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def test_no_file_of_ours_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py")
        if not {"tests", "migrations"} & set(path.parts)
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_the_lock_files_pin_every_package_and_name_no_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert not re.search(r"https?://|--index-url|--find-links", text), lock
        assert re.findall(r"^[A-Za-z0-9._-]+(?!=)[<>~]", text, re.MULTILINE) == [], lock
        assert text.count("--hash=sha256:") > 100, lock


def test_nothing_that_we_ship_names_a_folder_of_somebodys_machine() -> None:
    foreign = re.compile(r"""(^|["'\s=(:])/(root|work|farm)/""", re.MULTILINE)
    named = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".json", ".html", ".css", ".js", ".lock"}
        or path.name in {"Makefile", "run"}
        if foreign.search(path.read_text(encoding="utf-8"))
    ]
    assert named == []


def test_the_two_promised_commands_stand_in_the_makefile() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "lint", "bench"} <= set(targets)
