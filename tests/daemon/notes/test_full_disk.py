"""A full or read-only disk: a clear error, the old note intact, nothing left behind."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("full_disk.py")


def test_a_full_and_then_read_only_disk_harms_no_note(tmp_path: Path) -> None:
    """On a real tmpfs of 2 MB in a mount namespace of its own (root, or user namespaces)."""
    place = tmp_path / "place"
    place.mkdir()
    inside = f'mount -t tmpfs -o size=2m tmpfs "{place}" && exec "{sys.executable}" "{SCRIPT}" "{place}"'
    unshare = ["unshare", "--mount", "--map-root-user", "sh", "-c", inside]
    done = subprocess.run(unshare, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.endswith("right\n"), done.stdout + done.stderr
