"""The calendar under a person's hands: mouse, keyboard, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.schedule.calendar_values import ConflictMark, NowMark, Status
from desktop.schedule.calendar_widget import CalendarWidget
from desktop.schedule.dragging import LiveMark, RoomOffer, Verdict
from desktop.schedule.gallery_sample import sample_day, sample_states, sample_week
from tests.desktop.schedule.scenes import column, day, entry, week

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def calendar(qtbot: QtBot, qapp: QApplication) -> Iterator[CalendarWidget]:
    theme.install(qapp, theme.Appearance.LIGHT)
    widget = CalendarWidget()
    qtbot.addWidget(widget)
    widget.resize(1000, 700)
    widget.set_scene(
        day(
            [column("ann", long_name="Ann Lee"), column("bob", long_name="Bob Ray")],
            [entry("a", "ann", 960, 1020), entry("b", "bob", 1020, 1080), entry("c", "ann", 1080, 1140)],
        )
    )
    widget.show()
    qtbot.waitExposed(widget)
    widget.setFocus()
    yield widget


def spot(calendar: CalendarWidget, key: str, minute: int) -> QPoint:
    plan = calendar.plan()
    assert plan is not None
    return calendar.to_widget(plan.slot(key, minute, minute + 15)).center()


def drag(calendar: CalendarWidget, start: QPoint, end: QPoint, *, release: bool = True) -> None:
    QTest.mousePress(calendar, LEFT, pos=start)
    for step in (1, 2, 3, 4):
        QTest.mouseMove(calendar, start + (end - start) * step / 4)
    if release:
        QTest.mouseRelease(calendar, LEFT, pos=end)


def test_a_click_selects_and_a_double_click_opens(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(calendar.entrySelected) as selected:
        QTest.mouseClick(calendar, LEFT, pos=spot(calendar, "ann", 990))
    with qtbot.waitSignal(calendar.entryActivated) as opened:
        QTest.mouseDClick(calendar, LEFT, pos=spot(calendar, "ann", 990))
    assert (selected.args, opened.args, calendar.selected_id()) == (["a"], ["a"], "a")


def test_dragging_on_empty_paper_asks_for_an_entry_of_that_span(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(calendar.createRequested) as wanted:
        drag(calendar, spot(calendar, "bob", 900), spot(calendar, "bob", 945))
    assert wanted.args == ["bob", 900, 960]


def test_dragging_upwards_makes_the_same_span(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(calendar.createRequested) as wanted:
        drag(calendar, spot(calendar, "bob", 945), spot(calendar, "bob", 900))
    assert wanted.args == ["bob", 900, 960]


def test_an_entry_moves_to_another_column_and_time(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(calendar.moveRequested) as wanted:
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "bob", 1140))
    assert wanted.args == ["a", "bob", 1110]


def test_the_lower_edge_changes_the_end(calendar: CalendarWidget, qtbot: QtBot) -> None:
    plan = calendar.plan()
    assert plan is not None
    box = plan.box("a")
    assert box is not None
    edge = calendar.to_widget(box.rect)
    start = QPoint(edge.center().x(), edge.bottom() - 1)
    with qtbot.waitSignal(calendar.resizeRequested) as wanted:
        drag(calendar, start, QPoint(start.x(), spot(calendar, "ann", 1050).y() + 4))
    assert wanted.args == ["a", 960, 1065]


def test_escape_puts_a_dragged_entry_back(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(calendar.moveRequested):
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "bob", 1140), release=False)
        QTest.keyClick(calendar, Qt.Key.Key_Escape)
        QTest.mouseRelease(calendar, LEFT, pos=spot(calendar, "bob", 1140))


def test_an_entry_dropped_where_it_was_asks_for_nothing(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(calendar.moveRequested):
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "ann", 990) + QPoint(12, 0))


def test_a_cancelled_entry_stays_where_it_is(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.set_scene(day([column("ann")], [entry("a", "ann", 960, 1020, status=Status.CANCELLED)]))
    with qtbot.assertNotEmitted(calendar.moveRequested):
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "ann", 1140))


def test_every_place_on_the_way_is_checked_once(calendar: CalendarWidget) -> None:
    asked: list[tuple[str, str, int, int]] = []

    def check(
        entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False, room_id: str = ""
    ) -> list[tuple[bool, str]]:
        asked.append((entry_id, column, starts, ends))
        return [(False, "Room A is taken")]

    calendar.set_check(check)
    drag(calendar, spot(calendar, "ann", 990), spot(calendar, "bob", 1140))
    assert asked[-1] == ("a", "bob", 1110, 1170)
    assert len(asked) == len(set(asked))


def test_r_takes_the_free_room_that_is_offered(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.set_check(
        lambda *_, **__: [(False, "Room A is taken")], lambda *_, **__: RoomOffer("room-e", "take Room E instead")
    )
    with qtbot.waitSignal(calendar.moveToRoomRequested) as wanted:
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "bob", 1140), release=False)
        QTest.keyClick(calendar, Qt.Key.Key_R)
        QTest.mouseRelease(calendar, LEFT, pos=spot(calendar, "bob", 1140))
    assert wanted.args == ["a", "bob", 1110, "room-e"]


def test_a_taken_room_is_judged_instead_of_the_own_one(calendar: CalendarWidget) -> None:
    def check(
        entry_id: str, column: str, starts: int, ends: int, *, as_copy: bool = False, room_id: str = ""
    ) -> list[tuple[bool, str]]:
        return [(room_id == "room-e", "Room E is free" if room_id else "Room A is taken")]

    calendar.set_check(check, lambda *_, **__: RoomOffer("room-e", "take Room E instead"))
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert "Room A is taken" in calendar.accessibleDescription()
    QTest.keyClick(calendar, Qt.Key.Key_R)
    assert "Room E is free" in calendar.accessibleDescription()
    QTest.keyClick(calendar, Qt.Key.Key_R)
    assert "Room A is taken" in calendar.accessibleDescription()


def test_ctrl_leaves_the_entry_and_drops_a_copy(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(calendar.copyRequested) as wanted:
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "bob", 1140), release=False)
        with qtbot.waitSignal(calendar.dragChanged) as said:
            QTest.keyPress(calendar, Qt.Key.Key_Control)
        QTest.mouseRelease(calendar, LEFT, Qt.KeyboardModifier.ControlModifier, spot(calendar, "bob", 1140))
    assert wanted.args == ["a", "bob", 1110, ""]
    assert said.args is not None and said.args[0].startswith("Copying ")


def test_letting_go_of_ctrl_moves_again(calendar: CalendarWidget, qtbot: QtBot) -> None:
    with qtbot.waitSignal(calendar.moveRequested):
        drag(calendar, spot(calendar, "ann", 990), spot(calendar, "bob", 1140), release=False)
        QTest.keyPress(calendar, Qt.Key.Key_Control)
        QTest.keyRelease(calendar, Qt.Key.Key_Control)
        QTest.mouseRelease(calendar, LEFT, pos=spot(calendar, "bob", 1140))


def test_arrows_walk_through_entries_and_free_time(calendar: CalendarWidget) -> None:
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    assert calendar.cursor_slot() == ("ann", 1020)
    QTest.keyClick(calendar, Qt.Key.Key_Right)
    assert calendar.cursor_slot() == ("bob", 1020)
    assert "Bob Ray" in calendar.accessibleDescription()
    assert calendar.accessibleDescription().startswith("Chemistry, Andre Smith, Room A")


def test_enter_opens_an_entry_or_makes_one(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    with qtbot.waitSignal(calendar.entryActivated) as opened:
        QTest.keyClick(calendar, Qt.Key.Key_Return)
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    assert "free" in calendar.accessibleDescription()
    with qtbot.waitSignal(calendar.createRequested) as made:
        QTest.keyClick(calendar, Qt.Key.Key_Return)
    assert (opened.args, made.args) == (["a"], ["ann", 1020, 1080])


def test_alt_and_arrows_move_an_entry_and_enter_confirms(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    with qtbot.waitSignal(calendar.moveRequested) as wanted:
        QTest.keyPress(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        QTest.keyPress(calendar, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
        QTest.keyClick(calendar, Qt.Key.Key_Return)
    assert wanted.args == ["a", "bob", 975]


def test_a_move_by_keyboard_waits_for_enter_and_escape_gives_it_up(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    with qtbot.assertNotEmitted(calendar.moveRequested):
        QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        QTest.keyRelease(calendar, Qt.Key.Key_Alt)
        QTest.keyClick(calendar, Qt.Key.Key_Escape)
        QTest.keyClick(calendar, Qt.Key.Key_Down)
    assert calendar.cursor_slot() == ("ann", 1020)


def test_plain_arrows_go_on_with_a_move_that_alt_began(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    with qtbot.waitSignal(calendar.moveRequested) as wanted:
        QTest.keyClick(calendar, Qt.Key.Key_Return)
    assert wanted.args == ["a", "ann", 990]


def test_shift_moves_the_end_and_with_alt_the_start(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    both = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
    QTest.keyClick(calendar, Qt.Key.Key_Up, both)
    with qtbot.waitSignal(calendar.resizeRequested) as wanted:
        QTest.keyClick(calendar, Qt.Key.Key_Return)
    assert wanted.args == ["a", 945, 1035]


def test_shift_on_free_time_draws_a_span(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    with qtbot.waitSignal(calendar.createRequested) as wanted:
        QTest.keyClick(calendar, Qt.Key.Key_Return)
    assert wanted.args == ["ann", 1020, 1065]


def test_an_entry_is_copied_to_the_cursor(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    QTest.keyClick(calendar, Qt.Key.Key_Down)
    with qtbot.waitSignal(calendar.copyRequested) as wanted:
        QTest.keyClick(calendar, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert wanted.args == ["a", "ann", 1035, ""]
    assert QApplication.clipboard().text().startswith("Chemistry, Andre Smith, Room A")


def test_page_down_asks_for_the_next_week(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("a")
    with qtbot.waitSignal(calendar.stepRequested) as later:
        QTest.keyClick(calendar, Qt.Key.Key_PageDown)
    with qtbot.waitSignal(calendar.stepRequested) as earlier:
        QTest.keyClick(calendar, Qt.Key.Key_PageUp)
    assert (later.args, earlier.args) == ([1], [-1])


def test_home_and_end_go_to_the_first_and_last_entry_of_the_column(calendar: CalendarWidget) -> None:
    calendar.select("a")
    QTest.keyClick(calendar, Qt.Key.Key_End)
    assert calendar.cursor_slot() == ("ann", 1080)
    QTest.keyClick(calendar, Qt.Key.Key_Home)
    assert calendar.cursor_slot() == ("ann", 960)
    QTest.keyClick(calendar, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert calendar.cursor_slot() == ("bob", 1020)


def test_delete_asks_to_cancel_the_entry(calendar: CalendarWidget, qtbot: QtBot) -> None:
    calendar.select("c")
    with qtbot.waitSignal(calendar.cancelRequested) as wanted:
        QTest.keyClick(calendar, Qt.Key.Key_Delete)
    assert wanted.args == ["c"]


def test_a_new_scene_keeps_selection_and_cursor_by_id(calendar: CalendarWidget) -> None:
    calendar.select("a")
    calendar.set_scene(day([column("ann"), column("bob")], [entry("a", "bob", 1200, 1260)]))
    assert calendar.selected_id() == "a"
    assert calendar.cursor_slot() == ("bob", 1200)
    calendar.set_scene(day([column("ann")], []))
    assert calendar.selected_id() == ""


def test_a_new_scene_keeps_the_scroll_position(calendar: CalendarWidget) -> None:
    calendar.resize(600, 260)
    columns = [column("Mon", opens=480), column("Tue", opens=480)]
    calendar.set_scene(week(columns, [entry("a", "Mon", 600, 660)]))
    QTest.keyClick(calendar, Qt.Key.Key_End)
    calendar.select("a")
    plan = calendar.plan()
    assert plan is not None
    top = plan.axis.minute(calendar.to_grid(calendar.rect().center().toPointF()).y())
    calendar.set_scene(week(columns, [entry("b", "Tue", 900, 960)]))
    assert abs(plan.axis.minute(calendar.to_grid(calendar.rect().center().toPointF()).y()) - top) < 2


def test_the_first_scene_shows_the_present_moment(qtbot: QtBot, qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    widget = CalendarWidget()
    qtbot.addWidget(widget)
    widget.resize(600, 260)
    widget.set_scene(week([column("Mon", opens=0, closes=1440)], now=NowMark(1200, "Mon", "8:00")))
    widget.show()
    plan = widget.plan()
    assert plan is not None and plan.now is not None
    assert 42 < widget.to_widget(plan.slot("Mon", 1200, 1215)).top() < 260


@pytest.mark.parametrize(
    "appearance", [theme.Appearance.LIGHT, theme.Appearance.DARK, theme.Appearance.HIGH_CONTRAST]
)
def test_every_state_paints_in_every_appearance(
    calendar: CalendarWidget, qapp: QApplication, appearance: theme.Appearance
) -> None:
    theme.choose(appearance)
    for scene in (sample_week(), sample_day(), sample_states()):
        calendar.set_scene(scene)
        image = QImage(calendar.size(), QImage.Format.Format_ARGB32_Premultiplied)
        calendar.render(image)
        shades = {image.pixelColor(x, 400).name() for x in range(60, 990, 3)}
        assert len(shades) > 5
    theme.choose(theme.Appearance.LIGHT)


def test_hovering_an_entry_shows_its_details(calendar: CalendarWidget, qtbot: QtBot) -> None:
    details = ("Chemistry", "4:00–5:00 PM, Wednesday")
    calendar.set_scene(day([column("ann")], [entry("a", "ann", 960, 1020, details=details)]))
    QTest.mouseMove(calendar, spot(calendar, "ann", 1100))
    QTest.mouseMove(calendar, spot(calendar, "ann", 990))
    qtbot.waitUntil(lambda: calendar.details_card().isVisible(), timeout=3000)


def test_a_right_click_asks_for_the_menu_of_the_entry(calendar: CalendarWidget, qtbot: QtBot) -> None:
    from PySide6.QtGui import QContextMenuEvent

    at = spot(calendar, "ann", 990)
    with qtbot.waitSignal(calendar.menuRequested) as wanted:
        QApplication.sendEvent(
            calendar, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, calendar.mapToGlobal(at))
        )
    assert wanted.args is not None and wanted.args[0] == "a"


def crowded(calendar: CalendarWidget) -> None:
    """A week too long for the widget, so that it scrolls."""
    calendar.resize(700, 320)
    columns = [column(key, opens=480) for key in ("Mon", "Tue", "Wed")]
    entries = [
        entry(f"{key}{hour}", key, hour * 60, hour * 60 + 50) for key in ("Mon", "Tue") for hour in range(8, 20)
    ]
    calendar.set_scene(week(columns, entries))
    QApplication.processEvents()


def bar_value(calendar: CalendarWidget) -> float:
    """How far the day is scrolled."""
    plan = calendar.plan()
    assert plan is not None
    return -calendar.to_widget(plan.boxes[0].rect).top()


def test_a_drag_at_the_edge_scrolls_and_keeps_its_card(calendar: CalendarWidget, qtbot: QtBot) -> None:
    crowded(calendar)
    calendar.set_check(lambda *_, **__: [(True, "Ann Lee is free")])
    calendar.select("Mon8")
    before = bar_value(calendar)
    start = spot(calendar, "Mon", 510)
    QTest.mousePress(calendar, LEFT, pos=start)
    QTest.mouseMove(calendar, start + QPoint(0, 40))
    QTest.mouseMove(calendar, QPoint(start.x(), calendar.height() - 4))
    qtbot.waitUntil(lambda: bar_value(calendar) > before + 60, timeout=3000)
    assert calendar.details_card().isVisible()
    QTest.keyClick(calendar, Qt.Key.Key_Escape)
    QTest.mouseRelease(calendar, LEFT, pos=start)


def painted(calendar: CalendarWidget) -> QImage:
    return calendar.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def test_what_scrolling_leaves_is_what_a_fresh_picture_shows(calendar: CalendarWidget) -> None:
    crowded(calendar)
    calendar.setFocus()
    painted(calendar)
    for key in (Qt.Key.Key_End, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(calendar, key)
        painted(calendar)
    kept = painted(calendar)
    theme.signals().themeChanged.emit()
    assert painted(calendar) == kept


def test_what_a_given_up_drag_leaves_is_what_was_there(calendar: CalendarWidget) -> None:
    calendar.set_check(lambda *_, **__: [(False, "Room A is taken")])
    before = painted(calendar)
    start = spot(calendar, "ann", 990)
    drag(calendar, start, spot(calendar, "bob", 1040), release=False)
    QApplication.processEvents()
    assert painted(calendar) != before
    QTest.keyClick(calendar, Qt.Key.Key_Escape)
    QTest.mouseRelease(calendar, LEFT, pos=start)
    calendar.select("")
    calendar.leaveEvent(QEvent(QEvent.Type.Leave))
    assert painted(calendar) == before


def test_both_sides_of_a_conflict_are_marked_while_dragging(calendar: CalendarWidget) -> None:
    marks = {
        "a": LiveMark(ConflictMark.OVERLAP, ((1020, 1080),)),
        "b": LiveMark(ConflictMark.OVERLAP, ((1020, 1080),)),
    }
    calendar.set_check(lambda *_, **__: Verdict([(False, "Room A: Andre Smith until 6:00")], marks))
    plan = calendar.plan()
    assert plan is not None
    box = plan.box("b")
    assert box is not None
    place = calendar.to_widget(box.rect)

    def is_red() -> bool:
        picture = painted(calendar)
        color = picture.pixelColor(
            (QPointF(place.left() + 1, place.center().y()) * picture.devicePixelRatio()).toPoint()
        )
        return color.red() > 180 and color.green() < 80

    assert not is_red()
    calendar.select("a")
    for _ in range(4):
        QTest.keyClick(calendar, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert is_red()
    QTest.keyClick(calendar, Qt.Key.Key_Escape)
    calendar.select("c")
    assert not is_red()


def test_a_start_is_dragged_at_the_upper_edge(calendar: CalendarWidget, qtbot: QtBot) -> None:
    plan = calendar.plan()
    assert plan is not None
    box = plan.box("a")
    assert box is not None
    edge = calendar.to_widget(box.rect)
    start = QPoint(edge.center().x(), edge.top() + 1)
    with qtbot.waitSignal(calendar.resizeRequested) as wanted:
        drag(calendar, start, QPoint(start.x(), spot(calendar, "ann", 930).y() - 3))
    assert wanted.args == ["a", 930, 1020]


def test_a_trembling_click_drags_nothing(calendar: CalendarWidget, qtbot: QtBot) -> None:
    start = spot(calendar, "ann", 990)
    with qtbot.assertNotEmitted(calendar.dragChanged):
        drag(calendar, start, start + QPoint(2, 1))


def test_a_drag_snaps_to_the_grid_of_the_center(calendar: CalendarWidget, qtbot: QtBot) -> None:
    scene = day([column("ann")], [entry("a", "ann", 960, 1020)])
    calendar.set_scene(replace(scene, grid_minutes=30))
    with qtbot.waitSignal(calendar.moveRequested) as wanted:
        drag(calendar, spot(calendar, "ann", 960), spot(calendar, "ann", 1055))
    assert wanted.args == ["a", "ann", 1050]
