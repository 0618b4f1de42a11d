"""A real desktop on a screen that nobody sees: Xvfb, then a session bus, then Xfce's panel and its notification server."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageGrab

NEEDED = ("Xvfb", "dbus-daemon", "xfce4-panel", "xdotool")
PATIENCE_S = 60

PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"""


class RealDesktop:
    """`environment` is what programs on it need; `picture` what stands on its screen."""

    def __init__(self, home: Path, *, dark: bool = True) -> None:
        missing = [program for program in NEEDED if shutil.which(program) is None]
        assert not missing, f"This test needs {', '.join(missing)}: xvfb dbus xfce4-panel xfce4-notifyd xdotool."
        self._processes: list[subprocess.Popen[Any]] = []
        read, write = os.pipe()
        self._start("Xvfb", "-displayfd", str(write), "-screen", "0", "900x600x24", pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as ready:
            self.display = f":{ready.readline().strip()}"
        config = home / ".config"
        channels = config / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        channels.mkdir(parents=True)
        (channels / "xfce4-panel.xml").write_text(PANEL.format(dark=str(dark).lower()))
        (home / "run").mkdir(mode=0o700)
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        self.environment = {
            **kept, "HOME": str(home), "XDG_CONFIG_HOME": str(config), "XDG_RUNTIME_DIR": str(home / "run"),
            "XDG_CACHE_HOME": str(home / ".cache"), "DISPLAY": self.display, "NO_AT_BRIDGE": "1",
            "GTK_THEME": "Adwaita:dark" if dark else "Adwaita",
        }  # fmt: skip
        bus = self._start("dbus-daemon", "--session", "--nofork", "--print-address", stdout=subprocess.PIPE)
        assert bus.stdout is not None
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        self.start_panel()

    def _start(self, *words: str, **options: Any) -> "subprocess.Popen[Any]":
        environment = getattr(self, "environment", None)
        options.setdefault("stdout", subprocess.DEVNULL)
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL, env=environment, **options)
        self._processes.append(process)
        return process

    def start_panel(self) -> None:
        self.panel = self._start("xfce4-panel", "--disable-wm-check")

    def kill_panel(self) -> None:
        self.panel.kill()
        self.panel.wait()

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def picture(self, save: Path | None = None) -> Image.Image:
        shot = ImageGrab.grab(xdisplay=self.display).convert("RGB")
        if save is not None:
            save.parent.mkdir(parents=True, exist_ok=True)
            shot.save(save)
        return shot

    def find(
        self, colour: tuple[int, int, int], box: tuple[int, int, int, int], most: int = 40
    ) -> tuple[int, int] | None:
        """The middle of what has nearly this colour inside the box; None where there is too little of it."""
        part = self.picture().crop(box)
        pixels = part.load()
        hits = [
            (x, y)
            for x in range(part.width)
            for y in range(part.height)
            if sum(abs(a - b) for a, b in zip(pixels[x, y], colour, strict=True)) < most
        ]
        if len(hits) < 12:
            return None
        return box[0] + sum(x for x, _ in hits) // len(hits), box[1] + sum(y for _, y in hits) // len(hits)

    def differs(self, before: Image.Image, box: tuple[int, int, int, int]) -> bool:
        return self.picture().crop(box).tobytes() != before.crop(box).tobytes()

    def settled(self, box: tuple[int, int, int, int]) -> bool:
        """Whether it stands still: what fades in or slides has arrived."""
        before = self.picture()
        time.sleep(0.4)
        return not self.differs(before, box)

    def wait(self, what: Callable[[], Any]) -> Any:
        """Until `what` gives something: a screen tells nobody that it has changed."""
        until = time.monotonic() + PATIENCE_S
        while not (found := what()):
            assert time.monotonic() < until, "it did not come to the screen"
            time.sleep(0.1)
        return found

    def xdotool(self, *words: str) -> str:
        done = subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout

    def click(self, place: tuple[int, int]) -> None:
        self.xdotool("mousemove", str(place[0]), str(place[1]), "click", "1")

    def keys(self, *names: str) -> None:
        self.xdotool("key", "--delay", "60", *names)

    def windows(self, kind: str) -> list[tuple[int, int, int, int]]:
        """Left, top, width and height of the windows of a class that are on the screen."""
        found = []
        for number in self.xdotool("search", "--onlyvisible", "--class", kind).split():
            shell = self.xdotool("getwindowgeometry", "--shell", number)
            facts = dict(line.split("=", 1) for line in shell.splitlines() if "=" in line)
            if int(facts.get("WIDTH", 0)) > 20:
                found.append((int(facts["X"]), int(facts["Y"]), int(facts["WIDTH"]), int(facts["HEIGHT"])))
        return found
