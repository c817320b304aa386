"""The fonts of printed pages: Inter in three weights, and a chain of fallback fonts for what Inter cannot draw.

A name is cut into runs, each drawn by the first font that has its characters, so that every script prints.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from desktop.printing.writing_order import as_seen
from resources import path as resource_path

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

_LOADING = Lock()
_MOST_WIDTHS = 50_000
_FALLBACK_FOLDER = "fonts/fallback"
_WINDOWS_FONTS = ("segoeui.ttf", "arial.ttf", "Nirmala.ttf", "LeelawUI.ttf", "ebrima.ttf", "seguisym.ttf")
_MAC_FONTS = ("Supplemental/Arial Unicode.ttf", "Supplemental/Arial.ttf", "Geneva.ttf")


class Weight(StrEnum):
    """The three weights of the pages; bold is 600 (design.md, Type)."""

    REGULAR = "Inter-Regular"
    MEDIUM = "Inter-Medium"
    SEMIBOLD = "Inter-SemiBold"


@dataclass
class PrintFonts:
    """The registered fonts. ``runs`` cuts text by font, ``width`` measures it in points."""

    inter: dict[Weight, TTFont]
    bundled: list[TTFont]
    _system_paths: Iterator[Path]
    _system: list[TTFont] = field(default_factory=list)
    _chosen: dict[str, str | None] = field(default_factory=dict)
    _widths: dict[tuple[str, Weight], float] = field(default_factory=dict)
    _advances: dict[Weight, dict[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        self._advances = {
            weight: {chr(code): font.face.charWidths.get(code, font.face.defaultWidth) / 1000 for code in range(128)}
            for weight, font in self.inter.items()
        }

    def runs(self, text: str, weight: Weight = Weight.REGULAR) -> list[tuple[str, str]]:
        """Cut ``text`` (composed first, as fonts hold composed letters; Hebrew and Arabic in the order in which they
        are seen) into (font name, piece) runs."""
        if text.isascii() and text.isprintable():
            return [(str(weight), text)]
        runs: list[tuple[str, str]] = []
        for character in as_seen(unicodedata.normalize("NFC", text)):
            name = self._font_for(character) or str(weight)
            if runs and (runs[-1][0] == name or unicodedata.combining(character)):
                runs[-1] = (runs[-1][0], runs[-1][1] + character)
            else:
                runs.append((name, character))
        return runs

    def width(self, text: str, size: float, weight: Weight = Weight.REGULAR) -> float:
        """Width of one line of ``text`` at ``size`` points, in points."""
        key = (text, weight)
        unit = self._widths.get(key)
        if unit is None:
            if len(self._widths) > _MOST_WIDTHS:
                self._widths.clear()
            unit = self._widths[key] = self._measure(text, weight)
        return unit * size

    def _measure(self, text: str, weight: Weight) -> float:
        """Width at one point. Letters are summed without kerning, as the pages write them."""
        if text.isascii() and text.isprintable():
            advances = self._advances[weight]
            return sum([advances[character] for character in text])
        from reportlab.pdfbase.pdfmetrics import stringWidth

        return sum(float(stringWidth(piece, name, 1.0)) for name, piece in self.runs(text, weight))

    def _font_for(self, character: str) -> str | None:
        """The fallback font for ``character``; None when Inter has it, or when no font at all has it."""
        if character.isascii():
            return None
        if character not in self._chosen:
            self._chosen[character] = self._search(ord(character))
        return self._chosen[character]

    def _search(self, code: int) -> str | None:
        if code in self.inter[Weight.REGULAR].face.charToGlyph:
            return None
        for font in (*self.bundled, *self._system):
            if code in font.face.charToGlyph:
                return str(font.fontName)
        with _LOADING:
            for path in self._system_paths:
                loaded = _register(f"System-{path.stem}", path)
                if loaded is None:
                    continue
                self._system.append(loaded)
                if code in loaded.face.charToGlyph:
                    return str(loaded.fontName)
        return None


@lru_cache(maxsize=1)
def print_fonts() -> PrintFonts:
    """Register and return the fonts of printed pages. Raises FileNotFoundError when Inter is not installed."""
    with _LOADING:
        inter: dict[Weight, TTFont] = {}
        for weight in Weight:
            font = _register(str(weight), resource_path(f"fonts/{weight}.ttf"))
            if font is None:
                raise FileNotFoundError(f"The font file {weight}.ttf is missing. Install the program again.")
            inter[weight] = font
        folder = resource_path(_FALLBACK_FOLDER)
        bundled = [_register(f"Fallback-{p.stem}", p) for p in sorted(folder.glob("*.ttf"))]
    return PrintFonts(inter, [font for font in bundled if font is not None], _system_font_paths())


def _register(name: str, path: Path) -> TTFont | None:
    """Register a TrueType file under ``name``; None when the file has no outlines that PDF can embed."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    try:
        font = TTFont(name, str(path))
    except (TTFError, OSError):
        return None
    pdfmetrics.registerFont(font)
    return font


def _system_font_paths() -> Iterator[Path]:
    """TrueType files of the operating system that are likely to hold other scripts, best first."""
    if sys.platform == "win32":
        yield from _existing(Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", _WINDOWS_FONTS)
    elif sys.platform == "darwin":
        yield from _existing(Path("/System/Library/Fonts"), _MAC_FONTS)
    else:
        folders = (Path("/usr/share/fonts"), Path.home() / ".local/share/fonts")
        files = [p for f in folders if f.is_dir() for p in sorted(f.rglob("*.ttf"))]
        plain = [p for p in files if p.stem.endswith(("Sans", "-Regular"))]
        yield from sorted(plain, key=lambda p: (not p.name.startswith(("NotoSans", "DejaVuSans")), p.name))


def _existing(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    return (path for name in names if (path := folder / name).exists())
