"""The look of the program: colors, sizes, type and icons from the design tokens, light, dark or high contrast.

`install` once at start; afterwards everything that paints reads `current()` while it paints, and so follows
by itself when the person or the operating system changes the appearance (`signals().themeChanged`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF
from PySide6.QtWidgets import QApplication

import resources
from desktop import garbage
from desktop.theme import tokens as _tokens
from desktop.theme.icons import app_icon, draw_icon, icon, icon_pixmap
from desktop.theme.stylesheet import palette, stylesheet
from desktop.theme.tokens import Colors, FamilyColors, Mode, TextStyle

__all__ = [
    "Appearance", "Colors", "FamilyColors", "Mode", "Sizes", "TextStyle", "Theme", "app_icon", "choose", "chosen",
    "current", "draw_icon", "font", "icon", "icon_pixmap", "install", "metrics", "set_compact", "signals",
]  # fmt: skip

COMPACT_BELOW_HEIGHT = 800


class Appearance(StrEnum):
    """What the person may choose; SYSTEM follows the operating system."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    HIGH_CONTRAST = "high_contrast"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in logical px, already multiplied by the text scale of the screen."""

    rail: int
    header: int
    toolbar: int
    strip: int
    control: int
    control_small: int
    row: int
    margin: int
    icon: int
    icon_small: int
    icon_rail: int
    radius_entry: int
    radius_control: int
    radius_card: int
    radius_panel: int
    radius_dialog: int
    focus_width: int
    focus_gap: int


@dataclass(frozen=True, slots=True)
class Theme:
    """One appearance, complete. `px` scales a length of the design, `font` gives a step of the type scale."""

    mode: Mode
    compact: bool
    scale: float
    color: Colors
    families: Mapping[str, FamilyColors]
    size: Sizes
    quick_ms: int = 90
    settle_ms: int = 160

    @property
    def is_dark(self) -> bool:
        return self.mode is not Mode.LIGHT

    def px(self, length: float) -> int:
        """``length`` px of the design at this screen's text scale."""
        return round(length * self.scale)

    def line_height(self, style: str) -> int:
        """The line height of a text style, in logical px."""
        return self.px(_tokens.load().text_styles[style].line)


class ThemeSignals(QObject):
    """Announces a change of appearance, after palette and stylesheet are in place."""

    themeChanged = Signal()


class _State:
    signals: ThemeSignals | None = None
    theme: Theme | None = None
    appearance: Appearance = Appearance.SYSTEM
    fonts_registered = False
    applying = False


_FONT_FILES = ("Inter-Regular.ttf", "Inter-Medium.ttf", "Inter-SemiBold.ttf")
_WEIGHTS = {400: QFont.Weight.Normal, 500: QFont.Weight.Medium, 600: QFont.Weight.DemiBold}
_BASE_DPI = 72.0 if sys.platform == "darwin" else 96.0


def signals() -> ThemeSignals:
    """The object whose ``themeChanged`` says that colors or sizes are new."""
    if _State.signals is None:
        _State.signals = ThemeSignals()
    return _State.signals


def current() -> Theme:
    """The theme in force; before `install`, the light one."""
    if _State.theme is None:
        _State.theme = build(Mode.LIGHT)
    return _State.theme


def chosen() -> Appearance:
    """What the person chose (not what the system made of it)."""
    return _State.appearance


@lru_cache(maxsize=16)
def build(mode: Mode, compact: bool = False, scale: float = 1.0) -> Theme:
    """The theme for a mode; compact rows and controls are meant for windows under 800 px height."""

    def px(length: float) -> int:
        return round(length * scale)

    loaded = _tokens.load()
    sizes = Sizes(
        rail=px(84), header=px(56), toolbar=px(40), strip=px(28), control=px(28 if compact else 32),
        control_small=px(26), row=px(30 if compact else 36), margin=px(16 if compact else 20), icon=px(18),
        icon_small=px(16), icon_rail=px(20), radius_entry=px(4), radius_control=px(6), radius_card=px(8),
        radius_panel=px(10), radius_dialog=px(12), focus_width=2, focus_gap=2,
    )  # fmt: skip
    return Theme(
        mode=mode, compact=compact, scale=scale, color=loaded.colors[mode], families=loaded.families[mode], size=sizes
    )


@lru_cache(maxsize=128)
def _font(style: str, tabular: bool, strike: bool) -> QFont:
    step = _tokens.load().text_styles[style]
    built = QFont()
    built.setFamilies(list(_tokens.load().font_families))
    built.setPointSizeF(step.size * 72.0 / _BASE_DPI)
    built.setWeight(_WEIGHTS[step.weight])
    built.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    built.setStrikeOut(strike)
    if style in ("page", "figure", "wall"):
        built.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 99)
    if tabular:
        built.setFeature(QFont.Tag("tnum"), 1)
    return built


def font(style: str = "body", *, tabular: bool = False, strike: bool = False) -> QFont:
    """A step of the type scale: micro, micro_strong, small, small_medium, small_strong, body, body_medium,
    body_strong, lead, section, page, figure, wall. ``tabular`` gives figures of one width: for times, prices
    and columns only, since it widens the hyphen in words (design.md "Type")."""
    return QFont(_font(style, tabular, strike))


@lru_cache(maxsize=128)
def metrics(style: str = "body", tabular: bool = False) -> QFontMetricsF:
    """Measures of a text style, cached: text is measured in nearly every paint."""
    return QFontMetricsF(_font(style, tabular, False))


def _mode_for(app: QApplication, appearance: Appearance) -> Mode:
    if appearance is not Appearance.SYSTEM:
        return Mode(appearance.value)
    hints = app.styleHints()
    if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        return Mode.HIGH_CONTRAST
    return Mode.DARK if hints.colorScheme() == Qt.ColorScheme.Dark else Mode.LIGHT


def _register_fonts() -> None:
    if not _State.fonts_registered:
        for name in _FONT_FILES:
            QFontDatabase.addApplicationFont(str(resources.path(f"fonts/{name}")))
        _State.fonts_registered = True


def _apply(app: QApplication, compact: bool) -> Theme:
    _State.applying = True
    try:
        screen = app.primaryScreen()
        scale = round(screen.logicalDotsPerInchY() / _BASE_DPI, 3) if screen else 1.0
        theme = build(_mode_for(app, _State.appearance), compact, scale)
        if _State.theme is not theme or app.property("themed") is None:
            _State.theme = theme
            with garbage.kept():  # Qt goes through all widgets, and none of them may end meanwhile.
                app.setPalette(palette(theme))
                app.setStyleSheet(stylesheet(theme))
            app.setProperty("themed", True)
            signals().themeChanged.emit()
        return theme
    finally:
        _State.applying = False


def install(app: QApplication, appearance: Appearance = Appearance.SYSTEM, *, compact: bool = False) -> Theme:
    """Put the look on ``app``: fonts, style, palette, sheet. Call once, before the first window."""
    from desktop.theme import focus_ring

    _State.appearance = appearance
    _register_fonts()
    app.setStyle("Fusion")
    app.setFont(font("body"))
    _follow_scheme(app, appearance)
    theme = _apply(app, compact)
    hints = app.styleHints()
    hints.colorSchemeChanged.connect(_system_changed)
    hints.accessibility().contrastPreferenceChanged.connect(_system_changed)
    focus_ring.install(app)
    return theme


def _follow_scheme(app: QApplication, appearance: Appearance) -> None:
    """Tell the platform too, so that title bars and native dialogs agree with the choice."""
    schemes = {
        Appearance.LIGHT: Qt.ColorScheme.Light,
        Appearance.DARK: Qt.ColorScheme.Dark,
        Appearance.HIGH_CONTRAST: Qt.ColorScheme.Dark,
    }
    if appearance in schemes:
        app.styleHints().setColorScheme(schemes[appearance])
    else:
        app.styleHints().unsetColorScheme()


def _system_changed() -> None:
    app = QApplication.instance()
    if isinstance(app, QApplication) and not _State.applying:
        _apply(app, current().compact)


def choose(appearance: Appearance) -> None:
    """Change the appearance now, for all open windows."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    _State.appearance = appearance
    _follow_scheme(app, appearance)
    _apply(app, current().compact)


def set_compact(compact: bool) -> None:
    """Tighter rows and controls, for windows under 800 px height (design.md "Space")."""
    app = QApplication.instance()
    if isinstance(app, QApplication) and current().compact != compact:
        _apply(app, compact)
