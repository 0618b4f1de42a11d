"""Secrets in a real Secret Service and in a private file: kept, locked, missing, hanging, exposed.

Each test of the keyring runs a process under its own D-Bus: nothing of this desktop is touched.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from deskbell_daemon.cli.processes import relay_child
from deskbell_daemon.secrets.file_store import FileStore
from deskbell_daemon.secrets.keyring_store import KeyringStore
from deskbell_wire.errors import Problem

NEEDED = ("dbus-run-session", "gnome-keyring-daemon")

SERVICE = textwrap.dedent(
    """
    import asyncio, json, os, subprocess, sys, time
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    daemon.stdin.write(b"pw"); daemon.stdin.close()
    from jeepney import DBusAddress, new_method_call
    from jeepney.bus_messages import message_bus
    from jeepney.io.blocking import open_dbus_connection
    bus = open_dbus_connection()
    deadline = time.monotonic() + 20
    while not bus.send_and_get_reply(message_bus.NameHasOwner("org.freedesktop.secrets")).body[0]:
        if time.monotonic() > deadline:
            sys.exit("gnome-keyring-daemon did not take the name org.freedesktop.secrets within 20 s")
        time.sleep(0.05)
    from deskbell_daemon.secrets.keyring_store import KeyringStore
    from deskbell_wire.errors import Problem
    def lock():
        service = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.Secret.Service")
        path = "/org/freedesktop/secrets/collection/login"
        bus.send_and_get_reply(new_method_call(service, "Lock", "ao", ([path],)))
    try:
        print(json.dumps(asyncio.run(main(lock))))
    finally:
        daemon.kill(); daemon.wait()
    """
)


def _in_session(tmp_path: Path, main: str) -> object:
    missing = [program for program in NEEDED if shutil.which(program) is None]
    assert not missing, f"This test needs {', '.join(missing)}: install the packages dbus and gnome-keyring."
    script = tmp_path / "script.py"
    # `main` is compiled after the imports that it uses, and before it is called.
    head, tail = SERVICE.split("def lock")
    script.write_text(head + textwrap.dedent(main) + "\ndef lock" + tail)
    environment = {
        **{key: os.environ[key] for key in ("PATH",)},
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    (tmp_path / "run").mkdir(mode=0o700)
    done = subprocess.run(
        ["dbus-run-session", "--", sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_real_secret_service_keeps_what_it_is_given(tmp_path):
    assert _in_session(
        tmp_path,
        """
        async def main(lock):
            store, other = KeyringStore("default", 10), KeyringStore("work", 10)
            before = await store.get("refresh_token")
            await store.delete("refresh_token")
            await store.set("refresh_token", "one")
            await store.set("refresh_token", "two")
            again = await KeyringStore("default", 10).get("refresh_token")
            foreign = await other.get("refresh_token")
            await store.delete("refresh_token")
            return [before, again, foreign, await store.get("refresh_token"), store.description]
        """,
    ) == [None, "two", None, None, "keyring (SecretService.Keyring)"]


def test_a_locked_keyring_is_a_sentence_in_time(tmp_path):
    code, detail, seconds = _in_session(
        tmp_path,
        """
        async def main(lock):
            store = KeyringStore("default", 2)
            await store.set("refresh_token", "one")
            lock()
            began = time.monotonic()
            try:
                await store.get("refresh_token")
            except Problem as problem:
                return [problem.code, problem.detail, time.monotonic() - began]
        """,
    )
    assert code == "keyring_locked"
    assert detail
    assert seconds < 5


def test_a_secret_service_that_hangs_is_a_sentence_in_time_and_is_used_again_when_it_answers(tmp_path):
    answers = _in_session(
        tmp_path,
        """
        async def main(lock):
            store, said = KeyringStore("default", 1), []
            await store.set("refresh_token", "one")
            daemon.send_signal(19)  # SIGSTOP: it is there, and does not answer
            began = time.monotonic()
            for _ in range(2):
                try:
                    await store.get("refresh_token")
                except Problem as problem:
                    said.append(problem.code)
            seconds = time.monotonic() - began
            daemon.send_signal(18)
            while True:
                try:
                    return [said, seconds, await store.get("refresh_token")]
                except Problem:
                    await asyncio.sleep(0.05)
        """,
    )
    assert answers[0] == ["keyring_locked", "keyring_locked"]
    assert answers[1] < 3
    assert answers[2] == "one"


def test_the_pinned_keyring_alone_is_asked_and_one_that_has_gone_is_a_sentence(tmp_path):
    pinned = "keyring.backends.SecretService.Keyring"
    assert _in_session(
        tmp_path,
        f"""
        async def main(lock):
            import keyring
            from keyring.backends import null
            keyring.set_keyring(null.Keyring())  # what the machine would choose today is another one
            store = KeyringStore("default", 10, "{pinned}")
            await store.set("refresh_token", "one")
            kept = [await store.get("refresh_token"), store.backend]
            daemon.kill(); daemon.wait()
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"
            try:
                await KeyringStore("default", 10, "{pinned}").get("refresh_token")
            except Problem as problem:
                return [kept, problem.code, "{pinned}" in problem.detail, "unpair" in problem.next_step]
        """,
    ) == [["one", pinned], "keyring_missing", True, True]


def test_without_any_bus_there_is_no_keyring_and_that_is_a_sentence(tmp_path):
    code = """
        async def main(lock):
            daemon.kill(); daemon.wait()
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"
            try:
                await KeyringStore("default", 10).set("refresh_token", "one")
            except Problem as problem:
                return [problem.code, "--insecure-storage" in problem.next_step]
    """
    assert _in_session(tmp_path, code) == ["keyring_missing", True]


def test_a_laptop_paired_on_a_desktop_keeps_its_key_in_the_secret_service_and_nowhere_else(tmp_path):
    relay = relay_child(tmp_path / "relay", DESKBELL_REGISTRATION="open")
    facts = asyncio.run(relay.start())
    try:
        paired, config, held, connected, files = _in_session(
            tmp_path,
            f"""
            async def main(lock):
                environment = {{**os.environ, "DESKBELL_HOME": "{tmp_path}/laptop"}}
                def deskbell(*words):
                    command = [sys.executable, "-m", "deskbell_daemon.cli", *words, "--json"]
                    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=40)
                    assert done.returncode == 0, done.stderr
                    return json.loads(done.stdout)
                paired = deskbell("pair", "{facts["url"]}")
                words = [sys.executable, "-m", "deskbell_daemon.cli", "daemon", "--no-tray"]
                laptop = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)
                try:
                    while True:
                        try:
                            status = deskbell("status")
                        except AssertionError:
                            status = {{}}
                        if (status.get("connection") or {{}}).get("connected"):
                            break
                        await asyncio.sleep(0.1)
                finally:
                    laptop.terminate(); laptop.wait()
                token = await KeyringStore("default", 10).get("refresh_token")
                home = "{tmp_path}/laptop"
                files = [os.path.join(at, name) for at, _, names in os.walk(home) for name in names]
                found = [name for name in files if token.encode() in open(name, "rb").read()]
                config = [open(name).read() for name in files if name.endswith("config.toml")]
                return [paired["secrets_backend"], config, status["secrets"], bool(token), found]
            """,
        )
    finally:
        asyncio.run(relay.stop())
    assert paired == "keyring"
    assert 'keyring = "keyring.backends.SecretService.Keyring"' in config[0]
    assert held == "keyring (SecretService.Keyring)"
    assert connected
    assert files == []


async def test_no_keyring_is_a_sentence(monkeypatch):
    import keyring
    from keyring.backends import fail

    monkeypatch.setattr(keyring.core, "_keyring_backend", fail.Keyring())
    monkeypatch.setattr(keyring.core, "_detect_backend", lambda limit=None: fail.Keyring())
    with pytest.raises(Problem) as raised:
        await KeyringStore("default", 5).get("x")
    assert raised.value.code == "keyring_missing"


@pytest.mark.parametrize("module", ["keyring.backends.null", "keyrings.alt.file", "somewhere"])
async def test_a_keyring_that_protects_nothing_is_refused(monkeypatch, module):
    import keyring
    from keyring.backend import KeyringBackend

    body = {"__module__": module, "priority": 9, "get_password": print, "set_password": print}
    kind = type("PlaintextKeyring", (KeyringBackend,), body)
    monkeypatch.setattr(keyring.core, "_keyring_backend", kind())
    with pytest.raises(Problem) as raised:
        await KeyringStore("default", 5).set("x", "secret")
    assert raised.value.code == "keyring_missing"


async def test_an_unlock_that_hangs_blocks_neither_the_loop_nor_the_exit(monkeypatch):
    import threading

    import keyring
    from keyring.backend import KeyringBackend

    release = threading.Event()

    class Hanging(KeyringBackend):
        priority = 9

        def get_password(self, service, username):
            release.wait(30)
            return "late"

        def set_password(self, service, username, password):
            raise AssertionError

    monkeypatch.setattr(keyring.core, "_keyring_backend", Hanging())
    store = KeyringStore("default", 0.3)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(3):  # the dialog is opened once
        with pytest.raises(Problem, match="waits for you to unlock") as raised:
            await store.get("x")
        assert raised.value.code == "keyring_locked"
    assert loop.time() - began < 2
    assert [thread.name for thread in threading.enumerate()].count("keyring") == 1
    release.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            await asyncio.to_thread(thread.join)
    assert await store.get("x") == "late"


async def test_the_file_is_private_and_an_exposed_one_is_refused(tmp_path):
    path = tmp_path / "secrets" / "secrets.json"
    store = FileStore(path)
    assert await store.get("a") is None
    await store.set("a", "1")
    await store.set("b", "2")
    await store.delete("a")
    await store.delete("never")
    assert (await store.get("a"), await FileStore(path).get("b")) == (None, "2")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.chmod(0o640)
    with pytest.raises(Problem) as raised:
        await store.get("b")
    assert raised.value.code == "secrets_exposed"


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
async def test_a_broken_file_is_a_sentence(tmp_path, text):
    path = tmp_path / "secrets.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Problem) as raised:
        await FileStore(path).get("a")
    assert raised.value.code == "secrets_unreadable"
