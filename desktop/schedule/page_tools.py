"""What stands around the calendar of a page: the line of filters, colors and notes above it, the legend below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.page import Toolbar
from desktop.schedule.calendar_filters import CalendarFilters
from desktop.schedule.color_choice import ColorChoice
from desktop.schedule.coloring import ColorBy, Coloring, coloring_of, legend_of
from desktop.schedule.directory import Directory
from desktop.schedule.legend import CalendarLegend
from desktop.schedule.saved_views import SavedView, SavedViews, SavedViewsChip
from desktop.schedule.scene import SceneBuilder
from desktop.schedule.toolbar_fit import ToolbarFit
from desktop.store.store import Store
from desktop.widgets import FilterChip, Label, Segmented

_COLOR_BY = "calendar_color_by"
_LOCATION = "calendar_location"


class PageTools(QObject):
    """The filters, saved views, choice of columns and colors of a calendar page.

    `colorChanged` carries a ColorBy, which is remembered on this PC.
    """

    colorChanged = Signal(object)

    def __init__(
        self,
        store: Store,
        toolbar: Toolbar,
        read_students: Callable[[], list[tuple[str, str]]],
        present_view: Callable[[], SavedView],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self.filters = CalendarFilters(read_students)
        self.saved = SavedViewsChip(SavedViews(store), present_view)
        self.columns = Segmented([("tutors", "Tutors"), ("rooms", "Rooms")], small=True, name="Columns")
        colored = store.local(_COLOR_BY)
        self.color = ColorChoice(ColorBy(colored) if colored in set(ColorBy) else ColorBy.SERVICE)
        self.color.changed.connect(self._remember_color)
        self.legend = CalendarLegend()
        self._columns_label = Label("Columns", "small", "text2")
        self._only_chip = FilterChip("", "funnel")
        self._only_chip.setEnabled(False)
        self._only_chip.hide()
        self._only_note = Label("Other entries come back when you save.", "small", "text2")
        self._only_note.hide()
        self._hours_note = Label("No opening hours yet. Enter them in Settings.", "small", "text2", elide=True)
        self._hours_note.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._hours_note.hide()
        self._fit = ToolbarFit(toolbar, self.filters, self.color, self._columns_label)
        toolbar.add(*self.filters.chips(), self._fit.more, self.saved)
        toolbar.add(self._only_chip, self._only_note, self._hours_note)
        toolbar.add_right(self._columns_label, self.columns, self.color)

    @property
    def more(self) -> QWidget:
        """The button that holds the filters for which there is no room."""
        return self._fit.more

    def coloring(self, directory: Directory) -> Coloring:
        """How boxes are colored; tutors get theirs by name, so that they keep them from week to week."""
        return coloring_of(self.color.value(), directory)

    def show_for(self, builder: SceneBuilder, *, are_useful: bool, has_columns: bool, is_form_open: bool) -> None:
        """Show what the view has a use for: without filters only the notes and the choice of columns."""
        is_unknown = not builder.directory.knows_hours(builder.filters.location_id)
        self._hours_note.setVisible(is_unknown and not is_form_open)
        self._columns_label.setVisible(has_columns)
        self.columns.setVisible(has_columns)
        for widget in (*self.filters.chips(), self._fit.more, self.saved, self.color, self.legend):
            widget.setHidden(not are_useful)
        if are_useful:
            names = {tutor.id: tutor.name for tutor in builder.directory.tutors.values()}
            self.legend.set_items(legend_of(builder.coloring, (row.tutor_id for row in builder.rows), names))
            self.saved.show_present()

    def fit(self, width: int, *, has_columns: bool) -> None:
        """Say less where a page `width` px wide is too narrow for all of it."""
        self._fit.fit(width, has_columns=has_columns)

    def show_only(self, words: str) -> None:
        """Say whose sessions alone are shown, beside the form; "" for everybody's."""
        self._only_chip.set_words(words, True)
        self._only_chip.setVisible(bool(words))

    def place_note(self, room: int) -> None:
        """The note on what is not shown, where the form leaves `room` px for it."""
        needed = self._only_chip.sizeHint().width() + theme.current().px(8) + self._only_note.sizeHint().width()
        self._only_note.setVisible(not self._only_chip.isHidden() and needed <= room)

    def remembered_location(self, directory: Directory) -> str:
        """The location that was last looked at on this PC, "" for all of them; the first of the person's own to begin
        with."""
        remembered = self._store.local(_LOCATION)
        ids = [place.id for place in directory.places]
        if remembered is not None and (remembered in ids or remembered == ""):
            return remembered
        return next((key for key in ids if not directory.is_foreign(key)), ids[0] if ids else "")

    def remember_location(self, location_id: str) -> None:
        """Begin with this location next time."""
        if self._store.local(_LOCATION) != location_id:
            self._store.set_local(**{_LOCATION: location_id})

    def _remember_color(self, by: ColorBy) -> None:
        self._store.set_local(**{_COLOR_BY: by.value})
        self.colorChanged.emit(by)
