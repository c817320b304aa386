"""The theme: every color is there, readable, and all windows follow a change."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.theme import Appearance, Mode
from desktop.theme.focus_ring import FocusRing
from desktop.theme.tokens import FAMILY_KEYS, Colors, load


@pytest.fixture(autouse=True)
def light(qapp: QApplication) -> None:
    theme.install(qapp, Appearance.LIGHT)
    theme.choose(Appearance.LIGHT)
    theme.set_compact(False)


def contrast(first: QColor, second: QColor) -> float:
    """The WCAG contrast ratio of two colors."""

    def luminance(color: QColor) -> float:
        parts = [
            value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
            for value in (color.redF(), color.greenF(), color.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_has_every_color(mode: Mode) -> None:
    colors = load().colors[mode]
    assert all(getattr(colors, field.name).isValid() for field in fields(Colors))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("text", "surface", 7), ("text", "canvas", 7), ("text2", "sunken", 7), ("text3", "canvas", 4.5),
        ("on_accent", "accent", 6.5), ("accent_soft_text", "accent_soft", 7), ("chalk", "board_active", 7),
        ("on_chalk_yellow", "chalk_yellow", 7), ("danger_soft_text", "danger_soft", 7), ("control", "surface", 3),
        ("focus", "surface", 3), ("danger", "canvas", 4.5), ("warn", "canvas", 4.5), ("ok", "canvas", 4.5),
    ],
)  # fmt: skip
def test_text_is_readable_on_its_paper(mode: Mode, ink: str, paper: str, least: float) -> None:
    colors = load().colors[mode]
    assert contrast(getattr(colors, ink), getattr(colors, paper)) >= least


def test_all_families_of_services_have_a_pattern_of_their_own() -> None:
    families = load().families[Mode.LIGHT]
    assert set(families) == set(FAMILY_KEYS)
    assert len({family.pattern for family in families.values()}) == len(families)


def test_choosing_dark_repaints_what_is_open(qtbot: QtBot, qapp: QApplication) -> None:
    label = QLabel("Łukasz")
    qtbot.addWidget(label)
    with qtbot.waitSignal(theme.signals().themeChanged):
        theme.choose(Appearance.DARK)
    assert theme.current().mode is Mode.DARK
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.current().color.canvas
    assert theme.chosen() is Appearance.DARK


def test_choosing_the_same_again_announces_nothing(qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(theme.signals().themeChanged):
        theme.choose(Appearance.LIGHT)


def test_compact_makes_rows_and_controls_lower() -> None:
    before = theme.current().size
    theme.set_compact(True)
    after = theme.current().size
    assert (before.row, before.control, before.margin) == (36, 32, 20)
    assert (after.row, after.control, after.margin) == (30, 28, 16)


def test_fonts_are_the_programs_own(qapp: QApplication) -> None:
    info = QFontInfo(theme.font("body_strong"))
    assert info.family() == "Inter"
    assert info.weight() == 600


def test_figures_are_of_one_width_where_asked_for() -> None:
    tabular = theme.metrics("body", True)
    assert tabular.horizontalAdvance("1111") == pytest.approx(tabular.horizontalAdvance("0000"))
    plain = theme.metrics("body")
    assert plain.horizontalAdvance("1111") < plain.horizontalAdvance("0000")


def test_an_icon_takes_the_color_of_the_theme(qapp: QApplication) -> None:
    icon = theme.icon("plus", "text")
    light = icon.pixmap(18, 18).toImage().pixelColor(9, 9)
    theme.choose(Appearance.DARK)
    dark = icon.pixmap(18, 18).toImage().pixelColor(9, 9)
    assert light.lightness() < 80 < 160 < dark.lightness()


def test_an_unknown_icon_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        theme.icon_pixmap("no-such-icon", QColor("#000000"))


def test_a_keyboard_focus_shows_a_ring_and_losing_it_takes_it_away(qtbot: QtBot) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    first, second = QPushButton("First"), QPushButton("Second")
    column.addWidget(first)
    column.addWidget(second)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    first.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: [ring.target for ring in window.findChildren(FocusRing)] == [first])
    ring = window.findChildren(FocusRing)[0]
    assert ring.geometry() == first.geometry().adjusted(-4, -4, 4, 4)
    second.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: [ring.target for ring in window.findChildren(FocusRing)] == [second])
