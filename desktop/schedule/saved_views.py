"""Saved views of the calendar: a name for a view with its filters and colors, kept on this PC.

Product §4 asks for filters; a desk has a few combinations that it comes back to all day ("Irvington, today by room").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from desktop import theme
from desktop.schedule.coloring import ColorBy
from desktop.schedule.week import Filters
from desktop.store.store import Store
from desktop.widgets import Field, FilterChip, Menu, TextInput, save_and_cancel
from desktop.widgets.panels import Sheet

_KEY = "calendar_saved_views"
LONGEST_NAME = 40
_KEPT_FILTERS = ("location_id", "tutor_id", "room_id", "service_id", "student_id", "status", "only_conflicts")


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view by name; `view` is the key of a view of the calendar, `by_room` what the columns of a day are."""

    name: str
    view: str
    filters: Filters
    color_by: ColorBy = ColorBy.SERVICE
    by_room: bool = False

    def shows(self, other: SavedView) -> bool:
        """Whether the two show the same, whatever they are called."""
        return replace(self, name="") == replace(other, name="")


class SavedViews:
    """The saved views of this PC, in the order of their names."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[SavedView]:
        """Every saved view; what cannot be read (written by another version) is left out."""
        try:
            stored = json.loads(self._store.local(_KEY) or "[]")
        except ValueError:
            return []
        found = [_parsed(one) for one in stored] if isinstance(stored, list) else []
        return sorted((view for view in found if view is not None), key=lambda view: view.name.casefold())

    def save(self, view: SavedView) -> None:
        """Keep a view, in place of one of the same name."""
        self._write([one for one in self.all() if one.name.casefold() != view.name.casefold()] + [view])

    def remove(self, name: str) -> None:
        """Forget a view."""
        self._write([one for one in self.all() if one.name != name])

    def _write(self, views: Sequence[SavedView]) -> None:
        self._store.set_local(**{_KEY: json.dumps([_plain(view) for view in views], ensure_ascii=False)})


def _plain(view: SavedView) -> dict[str, object]:
    filters = {key: value for key, value in asdict(replace(view.filters, only=frozenset())).items() if value}
    filters.pop("only", None)
    return {
        "name": view.name, "view": view.view, "filters": filters, "color_by": view.color_by.value,
        "by_room": view.by_room,
    }  # fmt: skip


def _parsed(stored: object) -> SavedView | None:
    if not isinstance(stored, dict) or not isinstance(stored.get("filters"), dict):
        return None
    known = {field.name for field in fields(Filters)} & set(_KEPT_FILTERS)
    given = {key: value for key, value in stored["filters"].items() if key in known}
    try:
        return SavedView(
            str(stored["name"]), str(stored["view"]), Filters(**given), ColorBy(stored.get("color_by", "service")),
            bool(stored.get("by_room")),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError):
        return None


class SavedViewsChip(FilterChip):
    """ "Saved views", or the name of the one on screen; its menu takes, keeps and forgets views.

    Args:
        views: where they are kept.
        present: what is on screen, without a name.
    """

    taken = Signal(object)

    def __init__(self, views: SavedViews, present: Callable[[], SavedView], parent: QWidget | None = None) -> None:
        super().__init__("Saved views", "star", parent=parent)
        self._views, self._present = views, present
        self.set_choices([("none", "Saved views")])

    def show_present(self) -> None:
        """Say which saved view is on screen, if it is one."""
        present = self._present()
        found = next((view.name for view in self._views.all() if view.shows(present)), "")
        self.set_words(found or "Saved views", bool(found))

    def build_menu(self) -> QMenu:
        """The views to take, then what can be done with them."""
        menu = Menu(self)
        present = self._present()
        views = self._views.all()
        for view in views:
            menu.add(view.name, lambda view=view: self.taken.emit(view), checked=view.shows(present))  # type: ignore[misc]
        if views:
            menu.addSeparator()
        menu.add("Save this view…", self.ask_name, icon="plus")
        for view in views:
            if view.shows(present):
                menu.add(f"Forget “{view.name}”", lambda name=view.name: self._forget(name), icon="trash-2")  # type: ignore[misc]
        return menu

    def ask_name(self) -> SaveViewSheet:
        """Ask for the name under which the present view is kept."""
        sheet = SaveViewSheet(self.window(), self._keep)
        sheet.closed.connect(sheet.deleteLater)
        sheet.open_sheet(sheet.name)
        return sheet

    def _keep(self, name: str) -> None:
        self._views.save(replace(self._present(), name=name))
        self.show_present()

    def _forget(self, name: str) -> None:
        self._views.remove(name)
        self.show_present()


class SaveViewSheet(Sheet):
    """Asks for the name of a view."""

    def __init__(self, host: QWidget, keep: Callable[[str], None]) -> None:
        super().__init__(host, "Save this view", width=420)
        self._keep = keep
        px = theme.current().px
        self.name = TextInput("", "Irvington, by room", "Name of the view")
        self.name.setMaxLength(LONGEST_NAME)
        self.name.returnPressed.connect(self._save)
        self._field = Field("Name", self.name, helper="View, filters and colors come back with it.")
        column = QVBoxLayout()
        column.setContentsMargins(px(20), px(16), px(20), px(16))
        column.addWidget(self._field)
        self.body.addLayout(column, 1)
        cancel, save = save_and_cancel("Save view", self._save, self.dismiss, save_key="Enter")
        self.footer.addStretch(1)
        self.footer.addWidget(cancel)
        self.footer.addWidget(save)

    def _save(self) -> None:
        name = " ".join(self.name.text().split())
        if not name:
            self._field.set_error("Give it a name.")
            self.name.setFocus()
            return
        self._keep(name)
        self.dismiss()
