"""Packs what `wxt build` has made into the store's zips: the same bytes from the same files, whenever and wherever.

`python packaging/extension/zips.py [--into dist]` after `npm run build` and `npm run build:firefox` in extension/.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).parents[2] / "extension" / ".output"
BROWSERS: Final = {"chromium": "chrome-mv3", "firefox": "firefox-mv3"}
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell. A real one would make every zip another one."""
MOST_BYTES: Final = 400_000
"""Of both zips together: an extension that one waits for is one that nobody installs."""


def pack(folder: Path, zip_file: Path) -> None:
    """All files below `folder`, in the order of their names, without times, owners or modes of this machine."""
    with zipfile.ZipFile(zip_file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("dist"))
    parser.add_argument("--from", dest="built", type=Path, default=BUILT)
    words = parser.parse_args()
    words.into.mkdir(parents=True, exist_ok=True)
    total = 0
    for browser, folder in BROWSERS.items():
        manifest = words.built / folder / "manifest.json"
        if not manifest.is_file():
            print(f"{manifest} is not there. Build the extension first: make extension", file=sys.stderr)
            return 1
        version = json.loads(manifest.read_text())["version"]
        zip_file = words.into / f"deskbell-{version}-{browser}.zip"
        pack(manifest.parent, zip_file)
        size = zip_file.stat().st_size
        total += size
        print(f"{zip_file}  {size:,} bytes  sha256 {hashlib.sha256(zip_file.read_bytes()).hexdigest()}")
    print(f"both: {total:,} bytes of {MOST_BYTES:,}")
    if total > MOST_BYTES:
        print("That is too much for an extension.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
