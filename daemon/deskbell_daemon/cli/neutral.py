"""Text from elsewhere, made harmless for a terminal: what would move the cursor or turn the reading order is shown."""

import unicodedata

_KEPT_FORMATS = frozenset("\u200c\u200d\u00ad")
"""Joiners, which emoji and Persian need, and the soft hyphen: they reorder and hide nothing."""

_DRAW_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of visible categories that draw nothing, so that text could hide between them."""

_SELECTORS = range(0xE0100, 0xE01F0)
"""Variation selectors that no common text uses: whole messages have been hidden in them."""


def neutral(text: object, *, lines: bool = False) -> str:
    """`text` with every control and bidirectional character made visible: ESC as `␛`, U+202E as `⟦U+202E⟧`.

    `lines` keeps line breaks and tabs.
    """
    return "".join(_shown(character, lines) for character in str(text))


def _shown(character: str, lines: bool) -> str:
    if " " <= character <= "~" or (lines and character in "\n\t"):
        return character
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)  # the control pictures
    if point == 0x7F:
        return "␡"
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in _KEPT_FORMATS:
        return f"⟦U+{point:04X}⟧"
    if character in _DRAW_NOTHING or point in _SELECTORS:
        return f"⟦U+{point:04X}⟧"
    return character
