"""The bell: what waits for the desk, from any page, in a pop-up under the bell."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop import theme
from desktop.permissions import own_places
from desktop.schedule.directory import read_directory
from desktop.store.errors import StoreError
from desktop.store.store import Store
from desktop.today.need_list import NeedList
from desktop.today.today_rows import Need, read_today
from desktop.window import MainWindow
from shared_models.clock import Clock


class NoticesPopup(QWidget):
    """The same card as on the Today page. `chosen` carries the `Need` whose button was pressed."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.list = NeedList("Needs you")
        self.list.empty_words = "Nothing waits for you"
        self.list.taken.connect(self._take)
        column.addWidget(self.list)
        self.setFixedWidth(theme.current().px(376))

    def open_below(self, button: QWidget, needs: tuple[Need, ...]) -> None:
        """Show what waits, its right edge at the button's."""
        self.list.set_needs(needs)
        self.adjustSize()
        corner = button.mapToGlobal(QPoint(button.width() - self.width(), button.height() + 4))
        self.move(corner)
        self.show()

    def _take(self, number: int) -> None:
        need = self.list.needs()[number]
        self.close()
        self.chosen.emit(need)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)


def open_notices(window: MainWindow, store: Store, clock: Clock) -> None:
    """Show what waits at this moment, below the bell of the page on screen."""
    page = window.current_page()
    if page is None:
        return
    try:
        own = own_places(store)
        with store.read() as session:
            today = read_today(session, read_directory(session, store.organization_id), clock(), own)
    except StoreError as error:
        window.announce(str(error), undo_enabled=False)
        return
    popup = NoticesPopup(window)
    popup.chosen.connect(lambda need: window.go_to(*need.target))
    popup.open_below(page.header.bell, today.needs)
