"""The Settings page: its sections listed at the left by what they are about, the chosen one beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from desktop import theme
from desktop.organization.section import Section
from desktop.page import Changes, Page
from desktop.proposals import NoForm, Proposal
from desktop.store.store import Store
from desktop.widgets import painting
from shared_models.clock import Clock

SectionMaker = Callable[[Store, Clock], Section]


def _organization(store: Store, clock: Clock) -> Section:
    from desktop.organization.organization_section import OrganizationSection

    return OrganizationSection(store, clock)


def _locations(store: Store, clock: Clock) -> Section:
    from desktop.organization.locations_section import LocationsSection

    return LocationsSection(store, clock)


def _rooms(store: Store, clock: Clock) -> Section:
    from desktop.organization.rooms_section import RoomsSection

    return RoomsSection(store, clock)


def _closures(store: Store, clock: Clock) -> Section:
    from desktop.organization.closures_section import ClosuresSection

    return ClosuresSection(store, clock)


def _services(store: Store, clock: Clock) -> Section:
    from desktop.organization.services_section import ServicesSection

    return ServicesSection(store, clock)


def _subjects(store: Store, clock: Clock) -> Section:
    from desktop.organization.teaching_sections import SubjectsSection

    return SubjectsSection(store, clock)


def _rules(store: Store, clock: Clock) -> Section:
    from desktop.organization.teaching_sections import RulesSection

    return RulesSection(store, clock)


def _people(store: Store, clock: Clock) -> Section:
    from desktop.access.people_section import PeopleSection

    return PeopleSection(store, clock)


def _pcs(store: Store, clock: Clock) -> Section:
    from desktop.access.pcs_section import PcsSection

    return PcsSection(store, clock)


def _account(store: Store, clock: Clock) -> Section:
    from desktop.access.own_account_section import OwnAccountSection

    return OwnAccountSection(store, clock)


def _look(store: Store, clock: Clock) -> Section:
    from desktop.organization.this_pc_section import LookSection

    return LookSection(store, clock)


def _backup(store: Store, clock: Clock) -> Section:
    from desktop.organization.this_pc_section import BackupSection

    return BackupSection(store, clock)


SECTIONS: tuple[tuple[str, tuple[tuple[str, str, SectionMaker], ...]], ...] = (
    ("Center", (
        ("organization", "Organization", _organization), ("locations", "Locations and hours", _locations),
        ("rooms", "Rooms", _rooms), ("closures", "Closures", _closures),
    )),
    ("Teaching", (
        ("services", "Services and prices", _services), ("subjects", "Subjects and topics", _subjects),
        ("rules", "Durations and buffer", _rules),
    )),
    ("People", (
        ("people", "Users and roles", _people), ("pcs", "PCs", _pcs), ("account", "Your account", _account),
    )),
    ("This PC", (("look", "Look", _look), ("backup", "Backup", _backup))),
)  # fmt: skip


_RULES = frozenset({"session_durations_minutes", "default_buffer_minutes", "start_grid_minutes", "biweekly_allowed"})
_FORMS: tuple[tuple[str, str, frozenset[str] | None], ...] = (
    ("rules", "organization", _RULES), ("organization", "organization", None), ("locations", "location", None),
    ("locations", "opening_hours", None), ("rooms", "room", None), ("services", "service_offered", None),
    ("people", "user_role", None), ("people", "location_assignment", None),
)  # fmt: skip
"""Where rows have their form: the key of a section, the table, and which of its fields; None for all."""


class SectionList(QWidget):
    """The names of the sections under their headings; arrow keys move. `chosen` carries a key."""

    chosen = Signal(str)
    shows_focus_ring = False

    def __init__(
        self, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._groups = groups
        self._keys = [key for _, entries in groups for key, _ in entries]
        self._current = self._keys[0]
        self._hover = ""
        self.setAccessibleName("Sections of the settings")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def current(self) -> str:
        """The key of the section shown."""
        return self._current

    def set_current(self, key: str) -> None:
        """Mark a section."""
        self._current = key
        self.setAccessibleDescription(next(words for _, some in self._groups for k, words in some if k == key))
        self.update()

    def _lines(self) -> list[tuple[str, str, QRectF]]:
        """(key, words, place); headings have no key."""
        t = theme.current()
        lines = []
        y = 0.0
        for heading, entries in self._groups:
            lines.append(("", heading, QRectF(0, y, self.width(), t.px(20))))
            y += t.px(21)
            for key, words in entries:
                lines.append((key, words, QRectF(0, y, self.width(), t.px(30))))
                y += t.px(30)
            y += t.px(10)
        return lines

    def sizeHint(self) -> QSize:
        lines = self._lines()
        return QSize(theme.current().px(184), round(lines[-1][2].bottom()) + 4)

    def _at(self, event: QMouseEvent) -> str:
        return next((key for key, _, place in self._lines() if key and place.contains(event.position())), "")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hover = self._at(event)
        if hover != self._hover:
            self._hover = hover
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = ""
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        key = self._at(event)
        if key:
            self.chosen.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        at = self._keys.index(self._current)
        self.chosen.emit(self._keys[max(0, min(len(self._keys) - 1, at + step))])

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        painter = painting.painter_for(self)
        for key, words, place in self._lines():
            inner = place.adjusted(t.px(12), 0, -t.px(4), 0)
            if not key:
                painting.text(painter, inner, words, "small", c.text3)
                continue
            on = key == self._current
            if on or key == self._hover:
                painting.box(painter, place, t.size.radius_control, c.accent_soft if on else c.hover)
            if on and self.hasFocus():
                painting.box(painter, place, t.size.radius_control, None, c.focus, 2)
            painting.text(
                painter, inner, words, "body_strong" if on else "body", c.accent_soft_text if on else c.text
            )
        painter.end()


class SettingsPage(Page):
    """Each section is made when it is first opened.

    Args:
        store: the center's data.
        clock: the present moment as a UTC instant.
    """

    title: ClassVar[str] = "Settings"
    icon_name: ClassVar[str] = "sliders-horizontal"

    def __init__(self, store: Store, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._clock = store, clock
        self._makers = {key: maker for _, entries in SECTIONS for key, _, maker in entries}
        self._sections: dict[str, Section] = {}
        groups = [(heading, [(key, words) for key, words, _ in entries]) for heading, entries in SECTIONS]
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, theme.current().px(2), 0, 0)
        self.sections = SectionList(groups)
        self.sections.chosen.connect(self.open_section)
        column.addWidget(self.sections)
        column.addStretch(1)
        self.body.addWidget(side)
        self._stack = QStackedWidget()
        self.body.addWidget(self._stack, 1)
        for _, entries in SECTIONS:
            for key, words, _ in entries:
                self.add_action(f"Settings: {words.lower()}", lambda key=key: self.open_section(key),  # type: ignore[misc]
                                icon="sliders-horizontal")  # fmt: skip
        self._shown_once = False

    def _apply_sizes(self) -> None:
        """The names of the sections stand under the page's title; their frames reach out to the left."""
        super()._apply_sizes()
        margins = self.body.contentsMargins()
        self.body.setContentsMargins(margins.left() - theme.current().px(12), 0, margins.right(), margins.bottom())

    def shown(self) -> None:
        """Open the first section the first time."""
        if not self._shown_once:
            self._shown_once = True
            self.open_section(self.sections.current())

    def section(self, key: str) -> Section:
        """A section, made now if it was not yet."""
        if key not in self._sections:
            made = self._makers[key](self._store, self._clock)
            made.done.connect(self.actionDone)
            self._sections[key] = made
            self._stack.addWidget(made)
        return self._sections[key]

    def open_section(self, key: str) -> None:
        """Bring a section to the front."""
        self._shown_once = True
        section = self.section(key)
        self.sections.set_current(key)
        self._stack.setCurrentWidget(section)

    def show_item(self, item_id: str) -> None:
        """Another page may ask for a section by its key."""
        if item_id in self._makers:
            self.open_section(item_id)

    def propose(self, proposal: Proposal) -> None:
        """Show values that are not saved in the section of their record. Raises NotOpened."""
        key = next((key for key, table, fields in _FORMS if proposal.touches(table, fields)), None)
        if key is None:
            raise NoForm("No section of the settings shows this.")
        self.section(key).hold(proposal)
        self.open_section(key)

    def refresh(self, changes: Changes) -> None:
        """Every section that shows a changed table reads again."""
        for section in self._sections.values():
            if section.tables & changes.keys():
                section.read()
