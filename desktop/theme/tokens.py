"""The design tokens (resources/theme/tokens.json) as typed values: colors, sizes, type, one set per mode.

Apart from the rest of the theme so that colors can be read, and tested, without a running program.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any

from PySide6.QtGui import QColor

import resources


class Mode(StrEnum):
    """The three sets of colors that the tokens define."""

    LIGHT = "light"
    DARK = "dark"
    HIGH_CONTRAST = "high_contrast"


@dataclass(frozen=True, slots=True)
class Colors:
    """Every color of one mode, by its meaning (design.md, "Color")."""

    canvas: QColor
    surface: QColor
    sunken: QColor
    hover: QColor
    line: QColor
    line_strong: QColor
    control: QColor
    text: QColor
    text2: QColor
    text3: QColor
    text_disabled: QColor
    accent: QColor
    accent_hover: QColor
    accent_pressed: QColor
    on_accent: QColor
    accent_soft: QColor
    accent_soft_text: QColor
    accent_line: QColor
    focus: QColor
    focus_gap: QColor
    board: QColor
    board_hover: QColor
    board_active: QColor
    chalk: QColor
    chalk2: QColor
    chalk_yellow: QColor
    on_chalk_yellow: QColor
    danger: QColor
    danger_line: QColor
    danger_soft: QColor
    danger_soft_text: QColor
    on_danger: QColor
    warn: QColor
    warn_line: QColor
    warn_soft: QColor
    warn_soft_text: QColor
    ok: QColor
    ok_line: QColor
    ok_soft: QColor
    ok_soft_text: QColor
    info: QColor
    info_line: QColor
    info_soft: QColor
    info_soft_text: QColor
    closed: QColor
    closed_stripe: QColor
    selection: QColor
    highlight: QColor
    on_highlight: QColor
    now: QColor
    on_now: QColor


@dataclass(frozen=True, slots=True)
class FamilyColors:
    """How the entries of one family of services look on the calendar; `pattern` names the edge's pattern."""

    name: str
    pattern: str
    edge: QColor
    fill: QColor
    border: QColor
    text: QColor


@dataclass(frozen=True, slots=True)
class TextStyle:
    """A step of the type scale: size and line in px at 100 %, weight 400, 500 or 600."""

    size: int
    line: int
    weight: int


FAMILY_KEYS: Mapping[str, str] = {
    "private": "private",
    "semi_private": "semi",
    "test_prep": "testprep",
    "class": "class",
    "workshop": "workshop",
    "camp": "camp",
    "assessment": "assess",
    "free": "free",
}
_MODE_KEYS = {Mode.LIGHT: ("light", "light"), Mode.DARK: ("dark", "dark"), Mode.HIGH_CONTRAST: ("highContrast", "hc")}


@dataclass(frozen=True, slots=True)
class Tokens:
    """The whole file, parsed once."""

    colors: Mapping[Mode, Colors]
    families: Mapping[Mode, Mapping[str, FamilyColors]]
    text_styles: Mapping[str, TextStyle]
    font_families: tuple[str, ...]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@lru_cache(maxsize=1)
def load() -> Tokens:
    """The tokens of the program. Raises KeyError when the file lacks a color that the code names."""
    raw: dict[str, Any] = json.loads(resources.path("theme/tokens.json").read_text(encoding="utf-8"))
    names = [field.name for field in fields(Colors)]
    colors: dict[Mode, Colors] = {}
    families: dict[Mode, dict[str, FamilyColors]] = {}
    for mode, (color_key, calendar_key) in _MODE_KEYS.items():
        by_name = {_snake(key): value for key, value in raw["color"][color_key].items()}
        colors[mode] = Colors(**{name: QColor(by_name[name]) for name in names})
        families[mode] = {}
        for family, key in FAMILY_KEYS.items():
            entry = raw["calendar"][key]
            shades = {part: QColor(entry[calendar_key][part]) for part in ("edge", "fill", "border", "text")}
            families[mode][family] = FamilyColors(name=entry["name"], pattern=entry["edgePattern"], **shades)
    styles = {_snake(key): TextStyle(*value) for key, value in raw["font"]["size"].items()}
    styles["small_strong"] = TextStyle(styles["small"].size, styles["small"].line, 600)
    styles["small_medium"] = TextStyle(styles["small"].size, styles["small"].line, 500)
    styles["body_medium"] = TextStyle(styles["body"].size, styles["body"].line, 500)
    styles["micro_strong"] = TextStyle(styles["micro"].size, styles["micro"].line, 600)
    font = raw["font"]["family"]
    ui_fonts = (font["ui"], *(name for name in font["fallback"] if name != "sans-serif"))
    return Tokens(colors=colors, families=families, text_styles=styles, font_families=ui_fonts)
