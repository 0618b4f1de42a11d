"""A draft whose last words a full disk did not take gets its end later, and only that one."""

import os
import subprocess
import sys
from pathlib import Path

import paced_provider

SCRIPT = Path(__file__).with_name("full_disk.py")


def test_a_draft_that_met_a_full_disk_is_ended_once_there_is_room(tmp_path: Path) -> None:
    """On a real tmpfs of 2 MB in a mount namespace of its own (root, or user namespaces)."""
    place = tmp_path / "place"
    place.mkdir()
    inside = f'mount -t tmpfs -o size=2m tmpfs "{place}" && exec "{sys.executable}" "{SCRIPT}" "{place}"'
    support = os.environ | {"PYTHONPATH": str(Path(paced_provider.__file__).parent)}
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", inside],
        env=support,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.endswith("right\n"), done.stdout + done.stderr
