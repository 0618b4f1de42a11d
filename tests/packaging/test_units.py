"""The start-up files name what exists."""

import configparser
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(PACKAGING / "systemd" / name)
    return parser


def test_the_relays_unit_runs_the_relay_and_gives_it_time_to_drain() -> None:
    service = unit("deskbell-relay.service")["Service"]
    assert service["ExecStart"].endswith("-m deskbell_relay")
    assert int(service["TimeoutStopSec"]) > 10
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")
    assert f"/var/lib/{service['StateDirectory']}" in service["Environment"]


def test_the_daemons_unit_runs_a_command_that_exists() -> None:
    service = unit("deskbell-daemon.service")["Service"]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert re.search(r"/deskbell daemon", service["ExecStart"])
    assert "deskbell" in scripts


def test_the_container_copies_what_the_wheel_is_made_of() -> None:
    text = (PACKAGING / "container" / "Containerfile").read_text()
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    assert all(f"COPY {package.partition('/')[0]} " in text for package in packages)
    assert "--require-hashes" in text
    assert "USER deskbell" in text
