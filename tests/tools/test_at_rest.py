"""Looking waits for what is going on, and for nothing else."""

from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QPropertyAnimation, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.background import Background
from tools import at_rest
from tools.at_rest import come_to_rest, what_moves


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window)
    window.resize(300, 200)
    window.show()
    qtbot.waitExposed(window)
    return window


def moving(app: QApplication) -> list[str]:
    return what_moves(app)


def test_a_timer_that_is_about_to_fire_is_waited_for(window: QWidget, qapp: QApplication) -> None:
    done: list[bool] = []
    timer = QTimer(window)
    timer.setSingleShot(True)
    timer.timeout.connect(lambda: done.append(True))
    timer.start(150)
    come_to_rest(qapp)
    assert done == [True]


def test_work_in_the_background_and_what_it_brings_is_waited_for(window: QWidget, qapp: QApplication) -> None:
    go, work = threading.Event(), Background(window)

    def show(words: str) -> None:
        layout = window.layout()
        assert layout is not None
        layout.addWidget(QLabel(words, window))

    work.run(lambda: go.wait(10) and "found", lambda words: show(str(words)), lambda error: None)
    assert moving(qapp) == ["work of QWidget"]
    threading.Timer(0.2, go.set).start()
    come_to_rest(qapp)
    (label,) = window.findChildren(QLabel)
    assert label.isVisible()
    assert label.width() > 200
    work.close()


def test_a_movement_is_waited_for(window: QWidget, qapp: QApplication) -> None:
    slide = QPropertyAnimation(window, b"maximumWidth", window)
    slide.setDuration(200)
    slide.setStartValue(10)
    slide.setEndValue(280)
    slide.start()
    come_to_rest(qapp)
    assert window.maximumWidth() == 280


def test_what_comes_much_later_or_again_and_again_is_not(window: QWidget, qapp: QApplication) -> None:
    later, again, hidden = QTimer(window), QTimer(window), QWidget(window)
    later.setSingleShot(True)
    later.start(60_000)
    again.start(20_000)
    hidden.hide()
    unseen = QTimer(hidden)
    unseen.setSingleShot(True)
    unseen.start(500)
    began = time.monotonic()
    come_to_rest(qapp)
    assert later.isActive()
    assert unseen.isActive() or time.monotonic() - began >= 0.5


def test_what_never_rests_is_named(window: QWidget, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_rest, "_PATIENCE_SECONDS", 0.1)
    timer = QTimer(window)
    timer.start(0)
    with pytest.raises(TimeoutError, match="a timer of QWidget"):
        come_to_rest(qapp)
