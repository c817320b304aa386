"""The leads page: what the desk sees and does there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.leads.card import LEAD_MIME, LeadCard
from desktop.leads.lead_rows import LeadRow, badge_count
from desktop.leads.leads_page import LeadsPage
from desktop.store.announcer import StoreAnnouncer
from desktop.store.store import Store
from desktop.widgets.table import Group
from shared_models.access.models import LocationAssignment
from shared_models.leads import operations
from shared_models.leads.models import (
    ContactMethod,
    ContactOutcome,
    Lead,
    LeadContact,
    LeadSource,
    LeadStage,
    Temperature,
)
from shared_models.people.models import Family, Student
from tests.desktop.leads.front_desk import NOW, FrontDesk, clock


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FrontDesk]:
    store = Store(tmp_path, use_keyring=False)
    desk = FrontDesk(store)
    yield desk
    desk.filed()
    store.close()


class Screen:
    """The page on a screen, told of every change as the window tells it."""

    def __init__(self, desk: FrontDesk, qtbot: QtBot) -> None:
        theme.install(QApplication.instance(), theme.Appearance.LIGHT)  # type: ignore[arg-type]
        self.page = LeadsPage(desk.store, clock)
        qtbot.addWidget(self.page)
        self.announcer = StoreAnnouncer(desk.store, self.page)
        self.announcer.changed.connect(self.page.refresh)
        self.said: list[str] = []
        self.page.actionDone.connect(lambda words, _undo: self.said.append(words))
        self.page.resize(1340, 840)
        with qtbot.waitExposed(self.page):
            self.page.show()
        self.page.shown()

    def card(self, lead_id: str) -> LeadCard:
        return self.page.board.cards[lead_id]

    def table_names(self) -> list[str]:
        return [row.title for row in self.page.table.model.rows() if isinstance(row, LeadRow)]


@pytest.fixture
def open_screen(desk: FrontDesk, qtbot: QtBot) -> Iterator[type[Screen]]:
    opened: list[Screen] = []

    def make() -> Screen:
        opened.append(Screen(desk, qtbot))
        return opened[-1]

    yield make  # type: ignore[misc]
    for screen in opened:
        screen.announcer.stop()


def test_the_board_has_each_lead_in_its_stage(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    new = desk.lead("Ana Silva")
    cold = desk.lead("Rafael Łukasik", LeadStage.COLD)
    board = open_screen().page.board
    assert [row.id for row in board.columns[LeadStage.NEW].rows] == [new]
    assert [row.id for row in board.columns[LeadStage.COLD].rows] == [cold]


def test_late_and_empty_stages_are_folded_and_unfold_at_a_click(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    desk.lead("Ana Silva")
    desk.lead("Rafael Łukasik", LeadStage.COLD)
    columns = open_screen().page.board.columns
    assert not columns[LeadStage.NEW].folded
    assert columns[LeadStage.COLD].folded
    assert columns[LeadStage.CONTACTED].folded
    qtbot.mouseClick(columns[LeadStage.COLD], Qt.MouseButton.LeftButton)
    assert not columns[LeadStage.COLD].folded


def test_dropping_a_card_moves_the_lead_and_undo_brings_it_back(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    column = screen.page.board.columns[LeadStage.COMMITTED]
    mime = QMimeData()
    mime.setData(LEAD_MIME, lead_id.encode())
    column.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.MoveAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    assert desk.get_lead(lead_id).stage is LeadStage.COMMITTED
    assert screen.said == ["Moved Ana Silva to Committed"]
    assert screen.card(lead_id) in column.shown_cards()
    desk.store.undo()
    assert desk.get_lead(lead_id).stage is LeadStage.NEW
    assert screen.card(lead_id) in screen.page.board.columns[LeadStage.NEW].shown_cards()


def test_dropping_a_card_where_it_lies_does_nothing(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    screen.page.board.drop(lead_id, LeadStage.NEW)
    assert screen.said == []


def test_one_click_on_the_card_notes_the_call_and_moves_the_stage(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    qtbot.mouseClick(screen.card(lead_id), Qt.MouseButton.LeftButton)
    assert screen.page.selected == lead_id
    qtbot.mouseClick(screen.card(lead_id).outcome_button("no_answer"), Qt.MouseButton.LeftButton)
    lead = desk.get_lead(lead_id)
    assert (lead.stage, lead.last_contact_at) == (LeadStage.CONTACT_ATTEMPTED, NOW)
    (contact,) = desk.all(LeadContact)
    assert (contact.method, contact.outcome) == (ContactMethod.PHONE, ContactOutcome.NOT_ANSWERED)
    assert contact.user_id == desk.maya
    assert screen.page.selected == lead_id
    assert screen.said == ["Ana Silva: called, no answer"]


def test_undo_takes_a_contact_back_with_its_history(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    screen.page.contact(lead_id, "answered")
    desk.store.undo()
    lead = desk.get_lead(lead_id)
    assert (lead.stage, lead.last_contact_at, lead.last_contact_method) == (LeadStage.NEW, None, None)
    screen.page.open_lead(lead_id)
    assert screen.page.panel.history.count() == 1
    assert "Nobody was in touch yet" in screen.page.panel.history.itemAt(0).widget().text()


def test_letters_work_on_the_chosen_card(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    first = desk.lead("Ana Silva", age_days=1)
    second = desk.lead("Bo Kim", age_days=2)
    screen = open_screen()
    qtbot.mouseClick(screen.card(first), Qt.MouseButton.LeftButton)
    qtbot.keyClick(screen.card(first), Qt.Key.Key_Down)
    assert screen.page.selected == second
    screen.page.outcome_actions["emailed"].trigger()
    assert desk.get_lead(second).last_contact_method is ContactMethod.EMAIL
    assert desk.get_lead(first).last_contact_method is None


def test_a_web_lead_arrives_in_place_and_can_be_taken(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    chosen = desk.lead("Ana Silva", LeadStage.CONTACTED)
    screen = open_screen()
    counts: list[int] = []
    screen.page.badgeChanged.connect(counts.append)
    screen.page.open_lead(chosen)
    panel = screen.page.panel
    notes = panel.fields.inputs["notes"]
    notes.setFocus()
    qtbot.keyClicks(notes, "Wants Satur")
    said = panel.said
    qtbot.keyClicks(said, "half a sentence")
    notes.setFocus()
    card_before = screen.card(chosen)

    arrived = desk.lead("Sophie Laurent", source=LeadSource.WEB, owner=False)

    assert screen.page.selected == chosen
    assert screen.card(chosen) is card_before
    assert notes.text() == "Wants Satur"
    assert said.text() == "half a sentence"
    assert counts[-1] == badge_count(desk.store) == 1
    card = screen.card(arrived)
    assert card.row.is_unclaimed_web
    assert not card.take_button.isHidden()
    qtbot.mouseClick(card.take_button, Qt.MouseButton.LeftButton)
    assert desk.get_lead(arrived).owner_user_id == desk.maya
    assert card.take_button.isHidden()
    assert badge_count(desk.store) == 0


def test_a_stage_that_is_full_shows_what_fits_and_the_rest_on_demand(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    for number in range(30):
        desk.lead(f"Ana Silva {number}", age_days=number)
    column = open_screen().page.board.columns[LeadStage.NEW]
    shown = len(column.shown_cards())
    assert 5 < shown < 30
    assert column.more.text() == f"{30 - shown} more, older"
    column.more.click()
    assert len(column.shown_cards()) == 30


def test_the_table_sorts_in_the_order_of_names_and_of_waiting(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    desk.lead("Zoë Adams", age_days=3)
    desk.lead("Ana Zimmer", age_days=1)
    desk.lead("Rafael Łukasik", age_days=2)
    desk.lead("Bo Lutz", age_days=9)
    desk.filed()
    screen = open_screen()
    screen.page.views.set_value("table", announce=True)
    assert screen.table_names() == ["Ana Zimmer", "Rafael Łukasik", "Zoë Adams", "Bo Lutz"]
    screen.page.table.view.horizontalHeader().sectionClicked.emit(0)
    assert screen.table_names() == ["Zoë Adams", "Rafael Łukasik", "Bo Lutz", "Ana Zimmer"]
    screen.page.table.view.horizontalHeader().sectionClicked.emit(0)
    assert screen.table_names() == ["Ana Zimmer", "Bo Lutz", "Rafael Łukasik", "Zoë Adams"]


def test_chips_and_search_narrow_what_is_shown(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    desk.lead("Rafael Łukasik", source=LeadSource.WEB)
    desk.lead("Ana Silva", owner=False)
    hot = desk.lead("Bo Kim")
    with desk.store.write() as session:
        operations.change_lead(session, desk.organization_id, hot, {"temperature": Temperature.HOT})
    desk.filed()
    screen = open_screen()
    screen.page.views.set_value("table", announce=True)
    filters = screen.page.filters
    filters.owner._take("nobody")
    assert screen.table_names() == ["Ana Silva"]
    filters.owner._take("me")
    filters.source._take("WEB")
    assert screen.table_names() == ["Rafael Łukasik"]
    filters.clear()
    filters.temperature._take("HOT")
    assert screen.table_names() == ["Bo Kim"]
    filters.clear()
    qtbot.keyClicks(filters.search, "lukas")
    assert screen.table_names() == ["Rafael Łukasik"]
    assert filters.summary.text() == "1 lead with these filters."


def test_filters_are_kept_under_a_name(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    desk.lead("Rafael Łukasik", source=LeadSource.WEB)
    desk.lead("Ana Silva")
    filters = open_screen().page.filters
    filters.source._take("WEB")
    filters.keep_as(filters.words())
    filters.clear()
    again = open_screen().page.filters
    assert list(again.kept()) == ["Website"]
    again.set_filters(again.kept()["Website"])
    assert again.filters().source == "WEB"


def test_to_do_today_says_why(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    desk.lead("Fresh One")
    desk.lead("Silent One", LeadStage.CONTACTED, age_days=40, silent_days=28)
    desk.lead("Spoken Yesterday", LeadStage.CONTACTED, age_days=40, silent_days=1)
    desk.lead("Promised", LeadStage.FOLLOWED_UP, age_days=2, silent_days=1, call_back_on=NOW.date())
    screen = open_screen()
    screen.page.views.set_value("today", announce=True)
    rows = [row.title for row in screen.page.today.model.rows() if isinstance(row, (Group, LeadRow))]
    assert rows == [
        "Promised call-backs", "Promised", "New, nobody was in touch yet", "Fresh One", "Silent for too long",
        "Silent One",
    ]  # fmt: skip


def test_a_field_of_the_panel_saves_itself_and_an_odd_phone_is_kept(
    desk: FrontDesk, open_screen, qtbot: QtBot
) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    screen.page.open_lead(lead_id)
    fields = screen.page.panel.fields
    phone = fields.inputs["phone"]
    phone.setFocus()
    qtbot.keyClicks(phone, "55512")
    qtbot.keyClick(phone, Qt.Key.Key_Return)
    assert desk.get_lead(lead_id).phone == "(555) 12"
    assert "does not look like a complete phone number" in fields.fields["phone"]._message.text()
    assert screen.said == ["Changed Ana Silva"]


def test_emptying_the_only_way_to_reach_a_lead_is_refused_below_the_field(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana")
    screen = open_screen()
    screen.page.open_lead(lead_id)
    screen.page.panel.fields.changed.emit({"parent_first_name": ""})
    assert "Keep a name" in screen.page.panel.fields.fields["parent_first_name"].error()
    assert desk.get_lead(lead_id).parent_first_name == "Ana"


def test_a_lead_becomes_a_family(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Thảo", student_name="Aleksander", phone="9145550198")
    screen = open_screen()
    screen.page.open_lead(lead_id)
    screen.page.convert()
    sheet = screen.page.convert_sheet
    sheet.accepted.emit()
    assert sheet.fields["parent1_last_name"].error() == "Enter the parent’s last name."
    assert desk.all(Family) == []
    sheet.inputs["parent1_last_name"].setText("Tanaka")
    sheet.inputs["last_name"].setText("Tanaka")
    sheet.accepted.emit()
    (family,) = desk.all(Family)
    (student,) = desk.all(Student)
    assert (family.parent1_first_name, family.parent1_phone) == ("Thảo", "+19145550198")
    assert (student.first_name, student.family_id) == ("Aleksander", family.id)
    lead = desk.get_lead(lead_id)
    assert (lead.family_id, lead.stage) == (family.id, LeadStage.COMMITTED)
    assert not screen.page.panel.family_button.isHidden()
    with qtbot.waitSignal(screen.page.navigate) as asked:
        screen.page.panel.family_button.click()
    assert asked.args == ["Families", family.id]
    with qtbot.waitSignal(screen.page.navigate) as asked:
        screen.page.panel.schedule_button.click()
    assert asked.args == ["Calendar", student.id]
    desk.store.undo()
    assert desk.get_lead(lead_id).family_id is None
    assert desk.get_family(family.id).archived_at is not None


def test_archiving_hides_a_lead_and_undo_shows_it_again(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    screen.page.pick_lead(lead_id)
    screen.page.archive()
    assert lead_id not in screen.page.board.rows
    desk.store.undo()
    assert lead_id in screen.page.board.rows


def test_a_lead_asked_for_from_elsewhere_is_shown_although_a_filter_hid_it(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva", LeadStage.COLD)
    screen = open_screen()
    screen.page.filters.source._take("WEB")
    assert lead_id not in screen.page.board.rows
    screen.page.show_item(lead_id)
    assert screen.page.selected == lead_id
    assert screen.page.panel.lead.id == lead_id
    assert not screen.page.board.columns[LeadStage.COLD].folded


def test_without_leads_the_table_says_what_to_do(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    screen = open_screen()
    screen.page.views.set_value("table", announce=True)
    assert screen.page.table.empty.title.text() == "No leads yet"
    assert desk.all(Lead) == []


def test_cards_take_the_width_of_their_column_whenever_it_changes(desk: FrontDesk, open_screen, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Ana Silva")
    screen = open_screen()
    column = screen.page.board.columns[LeadStage.NEW]
    for width in (1340, 1000):
        screen.page.resize(width, 840)
        qtbot.waitUntil(lambda: 0 <= column.content.width() - screen.card(lead_id).width() <= theme.current().px(6))
        assert screen.card(lead_id).geometry().right() < column.width()


def test_a_family_is_registered_at_ones_own_locations(desk: FrontDesk, open_screen) -> None:  # type: ignore[no-untyped-def]
    lead_id = desk.lead("Rosa Diaz")
    with desk.store.write() as session:
        session.get_one(Lead, (desk.organization_id, lead_id)).location_id = desk.tarrytown
        for assigned in session.scalars(select(LocationAssignment)):
            assigned.archived_at = NOW if assigned.location_id == desk.tarrytown else None
    screen = open_screen()
    screen.page.open_lead(lead_id)
    screen.page.convert()
    assert screen.page.convert_sheet.location_id() == desk.irvington
