"""`deskbell doctor`: what its checks found, the first broken hop in one line."""

from dataclasses import asdict

import typer

from deskbell_daemon.cli.exits import ExitCode, of_problem
from deskbell_daemon.cli.options import PROFILE, Json, Profile, run
from deskbell_daemon.cli.terminal import Terminal


def doctor(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Test every hop between an assistant and a note on disk, and say which one is broken."""
    from deskbell_daemon.cli.doctor import examine
    from deskbell_daemon.places import find_places

    terminal = Terminal(as_json)
    with terminal.busy("Testing every hop…"):
        findings = run(examine(find_places(profile)))
    broken = next((finding for finding in findings if finding.outcome == "broken"), None)
    marks = {"ok": "✓", "broken": "✗", "left out": "·"}
    rows = [(marks[finding.outcome], finding.hop, finding.detail) for finding in findings]
    verdict = f"\nBroken: {broken.hop}. Next: {broken.next_step}" if broken else "\n✓ Every hop is well."
    terminal.emit(
        {"well": broken is None, "broken": broken and broken.hop, "findings": [asdict(f) for f in findings]},
        terminal.table(("", "hop", "finding"), rows),
        verdict,
    )
    if broken is not None:
        raise typer.Exit(of_problem(broken.code) if broken.code else ExitCode.FAILED)
