"""The print preview, worked with as a person would: choices, pages, zoom, save and print."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter

from desktop import theme
from desktop.permissions import Permissions
from desktop.printing.center_values import location_choices, open_center
from desktop.printing.kinds import Asks, PrintKind, PrintParameters
from desktop.printing.list_values import tutor_choices
from desktop.printing.preview_dialog import PrintPreview, open_preview
from desktop.printing.preview_pages import Fit
from desktop.schedule.calendar_page import CalendarPage
from desktop.schedule.week import Filters
from desktop.store.store import Store
from tests.desktop.printing.small_center import NOW, WEDNESDAY, SmallCenter


@pytest.fixture
def store(tmp_path, qapp):
    theme.install(qapp)
    store = Store(tmp_path / "store", use_keyring=False)
    with store.write() as session:
        center = SmallCenter(session).with_owner()
        for number in range(10):
            tutor = center.tutor("Tutor", chr(65 + number), number + 1)
            center.entry("SAT", tutor, [f"Child {number}"], f"{14 + number % 6}:00", room=center.rooms["Room A"])
        center.location("Tarrytown Office")
    store.set_local(organization_id=center.organization_id, user_id=center.maya.id)
    yield store
    store.close()


class Desk:
    """What the operating system's dialogs answer, and what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.file = str(folder / "saved.pdf")
        self.suggested: list[str] = []
        self.printed = folder / "printed.pdf"
        self.takes_printing = True

    def ask_file(self, parent: object, name: str) -> str:
        self.suggested.append(name)
        return self.file

    def ask_printer(self, printer: QPrinter, parent: object, pages: int) -> bool:
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(self.printed))
        printer.setResolution(150)
        return self.takes_printing


def at_office(store: Store, **choices: object) -> PrintParameters:
    with store.read() as session:
        office = location_choices(session, store.organization_id)[0]
    filters = Filters(location_id=office.location_id)
    return PrintParameters(**({"day": WEDNESDAY, "filters": filters} | choices))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def preview(qtbot, store, desk):
    dialog = PrintPreview(
        store, PrintKind.DAY, at_office(store), now=lambda: NOW, ask_file=desk.ask_file, ask_printer=desk.ask_printer
    )
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.pagesShown):
        dialog.show()
    yield dialog
    dialog.close()


def settle(qtbot, preview, summary):
    qtbot.waitUntil(lambda: summary in preview.summary.text())


def text_of(path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def test_it_opens_with_the_day_in_view_and_print_at_hand(qtbot, preview):
    settle(qtbot, preview, "10 entries")
    assert preview.page_words.text() == "Page 1 of 2"
    assert preview.print_action.isEnabled()
    assert preview.focusWidget() is preview.print_button
    assert preview.stack.fit is Fit.PAGE


def test_paper_is_drawn_white_with_ink_on_it(qtbot, preview):
    image = preview.stack.grab().toImage()
    page = preview.stack.page_rect(0)
    shades = {
        image.pixelColor(
            int(page.left() + page.width() * x / 40), int(page.top() + page.height() * y / 40)
        ).lightness()
        for x in range(2, 38)
        for y in range(2, 38)
    }
    assert 255 in shades
    assert min(shades) < 120


def test_choices_make_new_pages(qtbot, preview):
    settle(qtbot, preview, "2 pages")
    preview.choices.by.set_value("room", announce=True)
    settle(qtbot, preview, "1 page")
    preview.choices.orientation.set_value("portrait", announce=True)
    qtbot.waitUntil(lambda: preview.stack.page_rect(0).height() > preview.stack.page_rect(0).width())


def test_the_arrows_go_to_the_day_before_and_after(qtbot, preview):
    qtbot.keyClick(preview, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    settle(qtbot, preview, "No sessions that day")
    assert preview.choices.day.value() == WEDNESDAY + timedelta(days=1)
    qtbot.keyClick(preview, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    settle(qtbot, preview, "10 entries")


def test_a_date_that_is_none_is_said_and_the_pages_stay(qtbot, preview):
    settle(qtbot, preview, "10 entries")
    preview.choices.day.selectAll()
    qtbot.keyClicks(preview.choices.day, "whenever")
    assert preview.choices.day_field.error() == preview.choices.day.HELP
    assert "10 entries" in preview.summary.text()


def test_another_location_shows_its_own_day(qtbot, preview):
    preview.choices.location.set_value(preview.choices.location.options()[2].key)
    preview.choices.location.valueChanged.emit(preview.choices.location.value())
    settle(qtbot, preview, "No sessions that day")


def test_pages_are_turned_by_keys_and_in_the_strip(qtbot, preview):
    settle(qtbot, preview, "2 pages")
    qtbot.keyClick(preview, Qt.Key.Key_PageDown)
    assert preview.page_words.text() == "Page 2 of 2"
    qtbot.keyClick(preview.thumbnails, Qt.Key.Key_Up)
    assert preview.stack.current == 0
    second = preview.thumbnails.page_rect(1).center().toPoint()
    qtbot.mouseClick(preview.thumbnails, Qt.MouseButton.LeftButton, pos=second)
    assert preview.stack.current == 1


def test_zoom_follows_the_keys_and_says_its_size(qtbot, preview):
    before = preview.stack.zoom
    qtbot.keyClick(preview, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert preview.stack.zoom > before
    assert preview.zoom_words.text() == f"{round(preview.stack.zoom * 100)} %"
    qtbot.keyClick(preview, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert preview.stack.fit is Fit.WIDTH
    assert preview.fit.value() == "width"
    qtbot.keyClick(preview, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert preview.stack.zoom == pytest.approx(before)


def test_full_width_needs_no_sideways_scrolling(qtbot, preview):
    preview.fit.set_value("width", announce=True)
    qtbot.waitUntil(lambda: preview.stack.horizontalScrollBar().maximum() == 0)


def test_saving_writes_the_pages_that_are_shown(qtbot, preview, desk):
    settle(qtbot, preview, "10 entries")
    with qtbot.waitSignal(preview.said) as said:
        preview.save_action.trigger()
    assert said.args == ["Saved saved.pdf"]
    assert desk.suggested == ["Day schedule Irvington Office 2026-11-25.pdf"]
    assert "Wednesday, November 25, 2026" in text_of(desk.file)


def test_a_folder_that_cannot_be_written_is_said_in_words(qtbot, preview, desk, tmp_path):
    settle(qtbot, preview, "10 entries")
    desk.file = str(tmp_path / "nowhere" / "day.pdf")
    preview.save_action.trigger()
    assert "day.pdf could not be saved" in preview.status.text()


def test_printing_sends_every_page_at_the_size_of_the_paper(qtbot, preview, desk):
    settle(qtbot, preview, "10 entries")
    with qtbot.waitSignal(preview.said) as said:
        preview.print_action.trigger()
    assert said.args[0].startswith("Sent 2 pages to")
    assert preview.print_action.isEnabled()
    with pypdfium2.PdfDocument(desk.printed) as document:
        assert len(document) == 2
        assert [round(length) for length in document[0].get_size()] == [792, 612]
        ink = bytes(document[0].render(scale=0.5).buffer)
        assert min(ink) < 100


def test_changing_ones_mind_prints_nothing(qtbot, preview, desk):
    settle(qtbot, preview, "10 entries")
    desk.takes_printing = False
    preview.print_action.trigger()
    assert not desk.printed.exists()


def test_a_change_at_the_desk_appears_in_the_open_preview(qtbot, preview, store):
    settle(qtbot, preview, "10 entries")
    from shared_models.schedule.models import EntryStatus, ScheduleEntry

    with store.write() as session:
        session.query(ScheduleEntry).first().status = EntryStatus.CANCELLED
    settle(qtbot, preview, "9 entries")


def test_closing_with_work_in_hand_leaves_nothing_behind(qtbot, store, desk):
    Permissions.of(store)  # Listens as long as the store is open.
    known = list(store._listeners)
    for offset in range(3):
        parameters = PrintParameters(day=date(2026, 11, 25) + timedelta(offset))
        dialog = PrintPreview(store, PrintKind.DAY, parameters, now=lambda: NOW)
        qtbot.addWidget(dialog)
        dialog.show()
        dialog.close()
    assert store._listeners == known


def choose(preview: PrintPreview, kind: PrintKind) -> None:
    preview.choices.what.set_value(kind)
    preview.choices.what.valueChanged.emit(kind.value)


def test_another_kind_of_print_is_chosen_in_the_same_preview(qtbot, preview):
    settle(qtbot, preview, "10 entries")
    choose(preview, PrintKind.MONTH)
    settle(qtbot, preview, "10 sessions, 1 page")
    assert preview.choices.day_field.label.text() == "A day of the month"
    assert not preview.choices.by.isVisible()
    preview.later.trigger()
    settle(qtbot, preview, "No sessions that month")
    assert preview.choices.day.value() == date(2026, 12, 1)


def test_the_arrows_move_a_week_by_weeks(qtbot, preview):
    choose(preview, PrintKind.WEEK)
    preview.later.trigger()
    assert preview.choices.day.value() == WEDNESDAY + timedelta(days=7)


def test_lists_stand_upright_and_each_kind_keeps_how_it_was_turned(qtbot, preview):
    choose(preview, PrintKind.SIGN_IN)
    assert preview.choices.orientation.value() == "portrait"
    preview.choices.orientation.set_value("landscape", announce=True)
    choose(preview, PrintKind.DAY)
    choose(preview, PrintKind.SIGN_IN)
    assert preview.choices.orientation.value() == "landscape"


def test_a_family_is_asked_for_before_anything_is_printed(qtbot, preview, store):
    settle(qtbot, preview, "10 entries")
    choose(preview, PrintKind.FAMILY)
    assert preview.nothing.text() == "Choose a family."
    assert not preview.print_action.isEnabled()
    family = preview.choices.people[Asks.FAMILY]
    qtbot.waitUntil(lambda: bool(family.options()))
    family.set_value(family.options()[0].key)
    family.valueChanged.emit(family.value())
    settle(qtbot, preview, "10 sessions")
    assert preview.print_action.isEnabled()


def test_a_tutor_is_chosen_or_each_gets_a_page(qtbot, preview):
    choose(preview, PrintKind.TUTOR_WEEK)
    settle(qtbot, preview, "10 pages")
    tutor = preview.choices.people[Asks.TUTOR]
    tutor.set_value(tutor.options()[3].key)
    tutor.valueChanged.emit(tutor.value())
    settle(qtbot, preview, "1 entry")


def test_filters_of_the_calendar_hold_until_they_are_lifted(qtbot, store):
    with store.read() as session:
        tutor = tutor_choices(open_center(session, store.organization_id, NOW, None))[0]
    filters = Filters(location_id=at_office(store).filters.location_id, tutor_id=tutor.key)
    preview = open_preview(store, PrintKind.DAY, at_office(store, filters=filters), now=lambda: NOW)
    qtbot.addWidget(preview)
    settle(qtbot, preview, "1 entry")
    assert preview.choices.everything.isVisible()
    preview.choices.everything.click()
    settle(qtbot, preview, "10 entries")
    assert not preview.choices.everything.isVisible()
    preview.close()


def test_the_calendar_prints_what_is_on_its_screen(qtbot, store):
    page = CalendarPage(store, lambda: NOW)
    qtbot.addWidget(page)
    shown = []
    for view in ("day", "week", "month", "conflicts"):
        page.set_view(view)
        page.print_day()
        preview = page.findChildren(PrintPreview)[-1]
        shown.append(preview.choices.kind)
        preview.close()
    assert shown == [PrintKind.DAY, PrintKind.WEEK, PrintKind.MONTH, PrintKind.CONFLICTS]


def test_another_kind_begins_at_its_first_page_and_the_strip_follows(qtbot, preview):
    choose(preview, PrintKind.TUTOR_WEEK)
    settle(qtbot, preview, "10 pages")
    preview.stack.go_to(9)
    strip = preview.thumbnails.visibleRegion().boundingRect()
    assert strip.contains(preview.thumbnails.page_rect(9).center().toPoint())
    choose(preview, PrintKind.DAY)
    settle(qtbot, preview, "2 pages")
    assert preview.page_words.text() == "Page 1 of 2"


def test_only_images_near_the_page_in_view_are_kept(qtbot, preview):
    choose(preview, PrintKind.TUTOR_WEEK)
    settle(qtbot, preview, "10 pages")
    qtbot.waitUntil(lambda: 0 in preview.stack._images)
    preview.stack.go_to(9)
    qtbot.waitUntil(lambda: 9 in preview.stack._images)
    assert 0 not in preview.stack._images
