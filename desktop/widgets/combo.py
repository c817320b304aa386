"""Choosing from a list by typing: the searchable combo box, and the field of several choices as tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCompleter,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop import theme
from desktop.widgets import painting
from desktop.widgets.fields import TextInput
from desktop.widgets.flow import FlowLayout
from desktop.widgets.labels import paint_avatar
from desktop.widgets.parsing import plain

AnyIndex = QModelIndex | QPersistentModelIndex
_TOKEN_HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Option:
    """A choice: its key, its words, a quiet second text, optionally a person's circle or a family's mark."""

    key: str
    text: str
    second: str = ""
    person: bool = False
    family: str | None = None
    find_by: str = ""


class _OptionModel(QAbstractListModel):
    """The options that match what was typed: those that start with it first, then those that contain it."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[tuple[str, Option]] = []
        self.shown: list[Option] = []

    def set_options(self, options: Sequence[Option]) -> None:
        self._all = [(plain(f"{option.text} {option.second} {option.find_by}"), option) for option in options]
        self.filter("")

    def options(self) -> list[Option]:
        return [option for _, option in self._all]

    def filter(self, typed: str, without: frozenset[str] = frozenset()) -> None:
        words = plain(typed).split()
        self.beginResetModel()
        matching = [
            (text, option) for text, option in self._all
            if option.key not in without and all(word in text for word in words)
        ]  # fmt: skip
        if words:
            matching.sort(key=lambda pair: not pair[0].startswith(words[0]))
        self.shown = [option for _, option in matching]
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self.shown[index.row()].text
        return None


class _OptionDelegate(QStyledItemDelegate):
    def __init__(self, model: _OptionModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(0, theme.current().px(32))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        t = theme.current()
        choice = self._model.shown[index.row()]
        rect = QRectF(option.rect)
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painting.box(painter, rect.adjusted(4, 1, -4, -1), t.size.radius_entry, t.color.selection)
        elif state & QStyle.StateFlag.State_MouseOver:
            painting.box(painter, rect.adjusted(4, 1, -4, -1), t.size.radius_entry, t.color.hover)
        _paint_option(painter, rect.adjusted(t.px(10), 0, -t.px(8), 0), choice)
        painter.restore()


def _paint_option(painter: QPainter, rect: QRectF, choice: Option) -> None:
    t = theme.current()
    x = rect.x()
    if choice.person:
        side = t.px(20)
        paint_avatar(painter, QRectF(x, rect.center().y() - side / 2, side, side), choice.text)
        x += side + t.px(6)
    if choice.family:
        painting.draw_family_mark(painter, x, rect.center().y(), choice.family, t.px(14))
        x += t.px(12)
    used = painting.text(painter, QRectF(x, rect.y(), rect.right() - x, rect.height()), choice.text, "body",
                         t.color.text)  # fmt: skip
    x += used + t.px(6)
    if choice.second and rect.right() - x > t.px(20):
        room = QRectF(x, rect.y(), rect.right() - x, rect.height())
        painting.text(painter, room, choice.second, "body", t.color.text2)


class _OptionList(QListView):
    """The list itself, on a rounded sheet of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        sheet = QRectF(self.viewport().rect())
        painting.box(painter, sheet, t.size.radius_control, t.color.surface, t.color.line_strong)
        painter.end()
        super().paintEvent(event)


class _Popup:
    """The list under a field, kept in step with what is typed; its window is made when it first opens."""

    def __init__(self, edit: QLineEdit, taken: Callable[[str], None]) -> None:
        self.model = _OptionModel()
        self._edit = edit
        self._taken = taken
        self._completer: QCompleter | None = None
        self._list: _OptionList | None = None

    def _build(self) -> tuple[QCompleter, _OptionList]:
        completer = QCompleter(self.model, self._edit)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(9)
        view = _OptionList()
        completer.setPopup(view)
        view.setItemDelegate(_OptionDelegate(self.model, view))
        completer.setWidget(self._edit)
        completer.activated[QModelIndex].connect(self._activated)  # type: ignore[index]
        self._completer, self._list = completer, view
        return completer, view

    def _activated(self, index: QModelIndex) -> None:
        self._taken(self.model.shown[index.row()].key)

    def open(self, typed: str, without: frozenset[str] = frozenset(), chosen: Option | None = None) -> None:
        """Show what matches, with the first of it marked; of all choices, the one ``chosen`` before."""
        self.model.filter(typed, without)
        completer, view = self._completer, self._list
        if completer is None or view is None:
            completer, view = self._build()
        if not self.model.shown:
            view.hide()
            return
        completer.complete()
        if typed or chosen in self.model.shown:
            row = 0 if typed else self.model.shown.index(chosen)  # type: ignore[arg-type]
            view.setCurrentIndex(completer.completionModel().index(row, 0))

    def close(self) -> None:
        """Hide the list."""
        if self._list is not None:
            self._list.hide()

    def is_open(self) -> bool:
        """Whether the list is on screen."""
        return self._list is not None and self._list.isVisible()

    def marked(self) -> Option | None:
        """The choice that is marked in the list. (A list has a current row from the start, marked or not.)"""
        rows = self._list.selectedIndexes() if self._list is not None else []
        return self.model.shown[rows[0].row()] if rows else None


class ComboBox(TextInput):
    """A field with a list: typing filters it (accents do not matter) and marks the first, Down opens it. Enter takes
    what is marked, and so does Tab on its way to the next field.

    `valueChanged` carries the key, "" when nothing is chosen. With ``free_text`` other words may stay.
    """

    valueChanged = Signal(str)

    def __init__(
        self, options: Sequence[Option] = (), value: str = "", placeholder: str = "", name: str = "",
        free_text: bool = False, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__("", placeholder, name, parent)
        self._free_text = free_text
        self._value = ""
        self._popup = _Popup(self, self._take)
        chevron = QAction(self)
        chevron.setIcon(theme.icon("chevron-down", "text3"))
        chevron.setToolTip("Show all")
        chevron.triggered.connect(lambda _=False: self.open_list())
        self.addAction(chevron, QLineEdit.ActionPosition.TrailingPosition)
        self.textEdited.connect(self._typed)
        self.set_options(options, value)

    def set_options(self, options: Sequence[Option], value: str | None = None) -> None:
        """Replace the choices; keeps the value when it is still among them."""
        wanted = self._value if value is None else value
        self._popup.model.set_options(options)
        self.set_value(wanted)

    def options(self) -> list[Option]:
        """All choices."""
        return self._popup.model.options()

    def value(self) -> str:
        """The key chosen, or ""."""
        return self._value

    def option(self) -> Option | None:
        """The choice itself."""
        return next((option for option in self.options() if option.key == self._value), None)

    def set_value(self, key: str) -> None:
        """Choose without announcing it."""
        found = next((option for option in self.options() if option.key == key), None)
        self._value = found.key if found else ""
        if found or not self._free_text:
            self.setText(found.text if found else "")
        self.setCursorPosition(0)
        self.update()

    def _take(self, key: str) -> None:
        changed = key != self._value
        self.set_value(key)
        if changed:
            self.valueChanged.emit(self._value)

    def open_list(self) -> None:
        """Show all choices."""
        if not self.isReadOnly() and self.isEnabled():
            self.setFocus()
            self._popup.open("", chosen=self.option())

    def _typed(self, typed: str) -> None:
        self._popup.open(typed)

    def _settle(self) -> None:
        """Make the words and the value agree when the person leaves."""
        words = self.text().strip()
        current = self.option()
        if current is not None and words == current.text:
            return
        if not words:
            self._take("")
            return
        exact = [option for option in self.options() if plain(option.text) == plain(words)]
        if exact:
            self._take(exact[0].key)
        elif self._free_text:
            if self._value:
                self._value = ""
                self.valueChanged.emit("")
        else:
            self.set_value(self._value)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.isReadOnly():
            self.selectAll()
            self.open_list()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and not self._popup.is_open():
            self._settle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and not self._popup.is_open():
            self.open_list()
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._popup.is_open():
            self._take_marked()
            self._popup.close()
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Tab moves the focus before `keyPressEvent` hears of it, and what was typed is settled when the list is gone.
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Tab:
                self._take_marked()
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self._popup.close()
        return super().event(event)

    def _take_marked(self) -> None:
        chosen = self._popup.marked() if self._popup.is_open() else None
        if chosen is not None:
            self._popup.close()
            self._take(chosen.key)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        current = self.option()
        if current is None or not current.second or self.hasFocus():
            return
        t = theme.current()
        start = t.px(11) + painting.text_width(current.text, "body") + t.px(8)
        room = QRectF(start, 0, self.width() - start - t.px(30), self.height())
        if room.width() > t.px(30):
            painter = painting.painter_for(self)
            painting.text(painter, room, current.second, "body", t.color.text2)
            painter.end()


class _Token(QWidget):
    """One chosen thing, with a cross to take it out."""

    removed = Signal(str)

    def __init__(self, option: Option, parent: QWidget) -> None:
        super().__init__(parent)
        self.option = option
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(option.text)
        self.setToolTip(f"Take out {option.text}")

    def _words(self) -> str:
        return f"{self.option.text}, {self.option.second}" if self.option.second else self.option.text

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(round(painting.text_width(self._words(), "small")) + t.px(30), t.px(_TOKEN_HEIGHT))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.position().x() > self.width() - theme.current().px(22):
            self.removed.emit(self.option.key)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painting.box(painter, QRectF(self.rect()), t.size.radius_entry, t.color.sunken, painting.outline())
        room = QRectF(t.px(6), 0, self.width() - t.px(24), self.height())
        painting.text(painter, room, self._words(), "small", t.color.text)
        ink = t.color.text if self.underMouse() else t.color.text2
        side = t.px(13)
        theme.draw_icon(painter, "x", self.width() - side - t.px(5), (self.height() - side) / 2, side, ink, 2.0)
        painter.end()


class TokenField(QWidget):
    """Several choices as tokens; typing filters the rest, Enter adds, Backspace in the empty field takes the last.

    `valuesChanged` carries nothing; `values` gives the keys in the order chosen.
    """

    valuesChanged = Signal()

    def __init__(
        self, options: Sequence[Option] = (), values: Sequence[str] = (), placeholder: str = "", name: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        t = theme.current()
        self._placeholder = placeholder
        self._invalid = False
        self._tokens: dict[str, _Token] = {}
        self._flow = FlowLayout(self, t.px(4))
        self.edit = QLineEdit(self)
        self.edit.setProperty("bare", True)
        self.edit.setMinimumHeight(t.px(_TOKEN_HEIGHT))
        self.edit.setMinimumWidth(t.px(60))
        self.edit.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setAccessibleName(name or placeholder)
        self.edit.focus_target = self  # type: ignore[attr-defined]
        self.edit.installEventFilter(self)
        self._flow.addWidget(self.edit)
        self._popup = _Popup(self.edit, self._take)
        self.edit.textEdited.connect(lambda typed: self._popup.open(typed, frozenset(self._tokens)))
        self.setAccessibleName(name)
        self.setFocusProxy(self.edit)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        theme.signals().themeChanged.connect(self._fix_height)
        self.set_options(options, values)

    def set_options(self, options: Sequence[Option], values: Sequence[str] | None = None) -> None:
        """Replace the choices; keeps the chosen ones that are still among them."""
        keep = list(self._tokens) if values is None else list(values)
        self._popup.model.set_options(options)
        self.set_values(keep)

    def values(self) -> list[str]:
        """The keys chosen, in order."""
        return list(self._tokens)

    def set_values(self, keys: Sequence[str]) -> None:
        """Choose exactly ``keys`` without announcing it."""
        for token in self._tokens.values():
            self._flow.removeWidget(token)
            token.hide()
            token.deleteLater()
        self._tokens = {}
        by_key = {option.key: option for option in self._popup.model.options()}
        for key in keys:
            if key in by_key:
                self._add(by_key[key])
        self._relayout()

    def set_invalid(self, invalid: bool) -> None:
        """The red border."""
        self._invalid = invalid
        self.update()

    def _add(self, option: Option) -> None:
        token = _Token(option, self)
        token.removed.connect(self._remove)
        self._flow.insert_widget(len(self._tokens), token)
        self._tokens[option.key] = token
        token.show()

    def _relayout(self) -> None:
        self.edit.setPlaceholderText("" if self._tokens else self._placeholder)
        self._flow.invalidate()
        self.updateGeometry()
        self._fix_height()

    def _fix_height(self) -> None:
        t = theme.current()
        # One row of tokens is as high as any other field, also when fields are compact.
        above = (t.size.control - t.px(_TOKEN_HEIGHT)) // 2
        self._flow.setContentsMargins(t.px(6), above, t.px(6), above)
        needed = max(t.size.control, self._flow.heightForWidth(max(80, self.width())))
        if self.maximumHeight() != needed:
            self.setFixedHeight(needed)

    def resizeEvent(self, event: object) -> None:
        self._fix_height()

    def _take(self, key: str) -> None:
        option = next((option for option in self._popup.model.options() if option.key == key), None)
        self.edit.clear()
        if option is not None and key not in self._tokens:
            self._add(option)
            self._relayout()
            self.valuesChanged.emit()

    def _remove(self, key: str) -> None:
        token = self._tokens.pop(key, None)
        if token is not None:
            self._flow.removeWidget(token)
            token.hide()
            token.deleteLater()
            self._relayout()
            self.valuesChanged.emit()

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(200), theme.current().size.control)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.edit.setFocus(Qt.FocusReason.MouseFocusReason)
        self._popup.open("", frozenset(self._tokens))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self.edit:
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._key(event)
            if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
                self.update()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Backspace and not self.edit.text() and self._tokens:
            self._remove(list(self._tokens)[-1])
            return True
        if key == Qt.Key.Key_Down and not self._popup.is_open():
            self._popup.open(self.edit.text(), frozenset(self._tokens))
            return True
        taking = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
        chosen = self._popup.marked() if taking and (self._popup.is_open() or self.edit.text().strip()) else None
        if chosen is None:
            return False
        self._popup.close()
        self._take(chosen.key)
        return key != Qt.Key.Key_Tab

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        line = c.danger_line if self._invalid else c.text if self.edit.hasFocus() else c.control
        painter = painting.painter_for(self)
        enabled = self.isEnabled()
        painting.box(painter, QRectF(self.rect()), t.size.radius_control, c.surface if enabled else c.sunken,
                     line if enabled else None)  # fmt: skip
        painter.end()

    def popup_corner(self) -> QPoint:
        """Where the list hangs, in screen coordinates."""
        return self.mapToGlobal(self.rect().bottomLeft())
