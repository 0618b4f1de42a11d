"""The extension as it is built from the sources of now."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "extension"


def built(browser: str) -> Path:
    """The build of a browser, made anew when a source is younger."""
    folder = EXTENSION / ".output" / f"{browser}-mv3"
    manifest = folder / "manifest.json"
    sources = [path for part in ("src", "public") for path in (EXTENSION / part).rglob("*") if path.is_file()] + [
        EXTENSION / "wxt.config.ts"
    ]
    checkout = hashlib.sha256(str(EXTENSION).encode()).hexdigest()[:16]  # the same word in every process
    with FileLock(Path(tempfile.gettempdir()) / f"deskbell-build-{checkout}.lock"):
        if not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime:
            script = "build" if browser == "chrome" else f"build:{browser}"
            environment = {**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
            subprocess.run(
                ["npm", "run", "--silent", script],
                cwd=EXTENSION,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return folder
