"""The store's zips are the same bytes from the same files, hold nothing of this machine, and have their limit."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "packaging" / "extension" / "zips.py"


def build(folder: Path, when: float, payload: bytes = b"console.log(1)") -> Path:
    for browser in ("chrome-mv3", "firefox-mv3"):
        for name, content in {
            "popup.js": payload,
            "manifest.json": json.dumps({"version": "1.2.3"}).encode(),
            "_locales/en/messages.json": b"{}",
        }.items():
            path = folder / browser / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o600 if when else 0o644)
            os.utime(path, (when, when))
    return folder


def pack(built: Path, into: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(SCRIPT), "--from", str(built), "--into", str(into)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_same_files_make_the_same_zips_whenever_and_wherever_they_are_packed(tmp_path: Path) -> None:
    assert pack(build(tmp_path / "a", 1e9), tmp_path / "one").returncode == 0
    assert pack(build(tmp_path / "b" / "elsewhere", 0), tmp_path / "two").returncode == 0
    zips = sorted((tmp_path / "one").iterdir())
    assert [path.name for path in zips] == ["deskbell-1.2.3-chromium.zip", "deskbell-1.2.3-firefox.zip"]
    for path in zips:
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        with zipfile.ZipFile(path) as packed:
            assert packed.namelist() == ["_locales/en/messages.json", "manifest.json", "popup.js"]


def test_an_extension_that_was_not_built_or_is_too_large_is_said(tmp_path: Path) -> None:
    missing = pack(tmp_path / "nothing", tmp_path / "out")
    assert (missing.returncode, "make extension" in missing.stderr) == (1, True)
    large = pack(build(tmp_path / "large", 1e9, os.urandom(300_000)), tmp_path / "out")
    assert (large.returncode, "too much" in large.stderr) == (1, True)
