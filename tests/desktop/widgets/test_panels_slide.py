"""A panel at the side comes in with what it holds already laid out for its full width."""

from __future__ import annotations

from PySide6.QtCore import QAbstractAnimation
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets import Button, FlowLayout, SidePanel
from tests.desktop.clipping import clipped_words
from tools.at_rest import come_to_rest

ROOMY = 300


def page_with_panel(qtbot: QtBot) -> tuple[QWidget, SidePanel, list[Button]]:
    page = QWidget()
    qtbot.addWidget(page)
    row = QHBoxLayout(page)
    row.addStretch(1)
    panel = SidePanel("Conflicts", 364)
    flow = FlowLayout(None)
    buttons = [Button(words, small=True) for words in ("3:45, Room E", "4:00, Room B", "Tue 4:15, Room C")]
    for button in buttons:
        flow.addWidget(button)
    panel.body.addLayout(flow)
    panel.hide()
    row.addWidget(panel)
    page.resize(900, 500)
    page.show()
    qtbot.waitExposed(page)
    return page, panel, buttons


def test_nothing_in_a_panel_is_squeezed_while_it_slides(qtbot: QtBot, qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    page, panel, buttons = page_with_panel(qtbot)
    panel.open_panel()
    widths: list[int] = []

    def look() -> None:
        qapp.sendPostedEvents()
        widths.append(min(button.width() - button.sizeHint().width() for button in buttons))

    panel._slide.valueChanged.connect(look)
    come_to_rest(qapp)
    assert panel._slide.state() is QAbstractAnimation.State.Stopped
    assert widths
    assert min(widths) >= 0
    assert panel.width() == theme.current().px(364)
    assert clipped_words(page) == []


def test_a_panel_grows_with_what_is_put_into_it(qtbot: QtBot, qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    page, panel, _ = page_with_panel(qtbot)
    panel.open_panel(animated=False)
    come_to_rest(qapp)
    assert page.isVisible()
    before = panel.minimumSizeHint().height()
    more = QWidget()
    more.setMinimumHeight(ROOMY)
    panel.body.addWidget(more)
    come_to_rest(qapp)
    assert panel.minimumSizeHint().height() >= before + ROOMY
    assert more.height() >= ROOMY
