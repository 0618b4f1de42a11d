"""The icons: a bell, drawn for each phase; told apart by shape and by colour, and on dark and light panels alike."""

from functools import cache
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from deskbell_daemon.tray.model import Phase

SIZES: Final = (22, 24, 44, 64)
_GRID = 64
"""All is drawn on a grid of 64, several times too large, and made smaller: that smooths the edges."""
_OVER = 4

_COLOURS: Final[dict["Phase", str]] = {
    "connected": "#12a594",
    "working": "#3e8ef7",
    "waiting": "#f59e0b",
    "paused": "#8b949e",
    "offline": "#8b949e",
    "needs_pairing": "#a371f7",
    "not_running": "#8b949e",
}
_RED: Final = "#e5484d"
_WHITE: Final = "#ffffff"
_EDGE: Final = "#1b1f24"


@cache
def icon(phase: "Phase", size: int = 64) -> Image.Image:
    """A square RGBA picture of `size` pixels."""
    picture = Image.new("RGBA", (_GRID * _OVER, _GRID * _OVER))
    pen = _Pen(ImageDraw.Draw(picture))
    colour = _COLOURS[phase]
    hollow = phase in {"offline", "needs_pairing", "not_running"}
    _bell(pen, colour, hollow)
    if phase == "working":
        pen.arc((2, 10, 30, 46), 150, 240, colour)
        pen.arc((34, 10, 62, 46), 300, 30, colour)
    elif phase == "waiting":
        pen.badge(_RED)
        pen.box((44, 36, 48, 47), _WHITE)
        pen.box((44, 51, 48, 55), _WHITE)
    elif phase == "paused":
        pen.badge(_EDGE)
        pen.box((40, 39, 44, 53), _WHITE)
        pen.box((48, 39, 52, 53), _WHITE)
    elif phase == "offline":
        pen.stroke((8, 8, 56, 56), _EDGE, 10)
        pen.stroke((8, 8, 56, 56), _RED, 5)
    elif phase == "needs_pairing":
        pen.badge(colour)
        pen.box((44, 38, 48, 54), _WHITE)
        pen.box((38, 44, 54, 48), _WHITE)
    elif phase == "not_running":
        pen.badge(_RED)
        pen.stroke((41, 41, 51, 51), _WHITE, 4)
        pen.stroke((41, 51, 51, 41), _WHITE, 4)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def argb(picture: Image.Image) -> bytes:
    """The pixels as StatusNotifierItem wants them: ARGB32 in network byte order."""
    red, green, blue, alpha = picture.convert("RGBA").split()
    return Image.merge("RGBA", (alpha, red, green, blue)).tobytes()


def _bell(pen: "_Pen", colour: str, hollow: bool) -> None:
    # A dark edge for light panels outside a light one for dark panels: one of them always stands out.
    for grow, shade in ((4, _EDGE), (2, _WHITE), (0, colour)):
        pen.disc((32, 8), 4 + grow, shade)
        pen.disc((32, 26), 17 + grow, shade)
        pen.shape([(15 - grow, 26), (49 + grow, 26), (51 + grow, 44), (13 - grow, 44)], shade)
        pen.shape(
            [(13 - grow, 43 - grow), (51 + grow, 43 - grow), (58 + grow, 50 + grow), (6 - grow, 50 + grow)], shade
        )
        pen.disc((32, 54), 5 + grow, shade)
    if hollow:
        pen.disc((32, 27), 11, _EDGE)
        pen.shape([(21, 27), (43, 27), (45, 43), (19, 43)], _EDGE)


class _Pen:
    """Draws in the units of the grid."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def disc(self, centre: tuple[float, float], radius: float, colour: str) -> None:
        x, y = centre
        self._draw.ellipse(_scaled((x - radius, y - radius, x + radius, y + radius)), fill=colour)

    def box(self, corners: tuple[float, float, float, float], colour: str) -> None:
        self._draw.rectangle(_scaled(corners), fill=colour)

    def shape(self, points: list[tuple[float, float]], colour: str) -> None:
        self._draw.polygon([(x * _OVER, y * _OVER) for x, y in points], fill=colour)

    def stroke(self, ends: tuple[float, float, float, float], colour: str, width: int) -> None:
        self._draw.line(_scaled(ends), fill=colour, width=width * _OVER)

    def arc(self, corners: tuple[float, float, float, float], start: int, end: int, colour: str) -> None:
        self._draw.arc(_scaled(corners), start, end, fill=_EDGE, width=8 * _OVER)
        self._draw.arc(_scaled(corners), start, end, fill=colour, width=5 * _OVER)

    def badge(self, colour: str) -> None:
        self.disc((46, 46), 17, _WHITE)
        self.disc((46, 46), 15, colour)


def _scaled(corners: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = corners
    return left * _OVER, top * _OVER, right * _OVER, bottom * _OVER
