"""Text on screen says what it can in the room it has."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets import Paragraph

WORDS = "Théo is in grade 8 and lost the thread in algebra. Would Wednesdays or Thursdays work for you at all?"


@pytest.fixture(autouse=True)
def light(qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    theme.choose(theme.Appearance.LIGHT)


def test_a_paragraph_of_few_lines_paints_the_first_as_ever_and_ends_with_an_ellipsis(qtbot: QtBot) -> None:
    width, line = 130, theme.current().line_height("small")
    whole, short = Paragraph(WORDS, "small"), Paragraph(WORDS, "small", max_lines=2)
    for paragraph in (whole, short):
        qtbot.addWidget(paragraph)
        paragraph.resize(width, 10 * line)
    assert whole.heightForWidth(width) > 2 * line == short.heightForWidth(width)
    first, second = QRect(0, 0, width, line), QRect(0, line, width, line)
    assert short.grab(first).toImage() == whole.grab(first).toImage()
    assert short.grab(second).toImage() != whole.grab(second).toImage()
    assert short.text() == WORDS
