"""What the tray hands to the desktop: pages at once, and what is said where there is nothing to open them with."""

import subprocess
import sys
import webbrowser

import pytest

from deskbell_daemon.tray.opening import open_page
from deskbell_wire.errors import Problem

AT_ONCE = """
import threading
from deskbell_daemon.tray.opening import open_page
gate, failed = threading.Barrier(8), []

def click(number):
    gate.wait()
    try:
        open_page(f"http://127.0.0.1/{number}")
    except Exception as error:  # of a thread: nobody else would hear of it
        failed.append(error)

threads = [threading.Thread(target=click, args=(number,)) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
"""


def test_clicks_at_once_all_open_their_page(tmp_path):
    """In a fresh process: webbrowser looks for browsers at its first use, and threads that come meanwhile see none."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {tmp_path}/opened\n')
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", AT_ONCE], env=environment, check=True, timeout=60)
    opened = sorted((tmp_path / "opened").read_text().split())
    assert opened == [f"http://127.0.0.1/{number}" for number in range(8)]


@pytest.mark.parametrize("nothing", [lambda *_: False, lambda *_: (_ for _ in ()).throw(webbrowser.Error("none"))])
def test_no_browser_is_said_without_the_address(monkeypatch, nothing):
    monkeypatch.setattr(webbrowser, "get", lambda *_: None)
    monkeypatch.setattr(webbrowser, "open", nothing)
    with pytest.raises(Problem) as caught:
        open_page("http://127.0.0.1:1/?ticket=secret")
    assert caught.value.code == "tray_unavailable"
    assert "secret" not in f"{caught.value.detail} {caught.value.next_step}"
    assert "deskbell open --print" in caught.value.next_step
