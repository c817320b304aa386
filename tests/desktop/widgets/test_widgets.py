"""The widgets do what they show: with the keyboard as with the mouse, in words for a screen reader too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets import (
    Button,
    Cell,
    Column,
    ComboBox,
    DateInput,
    Field,
    FilterChip,
    Group,
    Kind,
    MoneyInput,
    Option,
    RowModel,
    Segmented,
    Sheet,
    SidePanel,
    TableView,
    TextInput,
    TimeInput,
    Toast,
    Toggle,
    TokenField,
    initials,
    make_action,
)
from desktop.widgets.labels import Paragraph
from desktop.widgets.palette import matching_actions

TODAY = date(2026, 11, 25)
PEOPLE = [Option("z", "Zoë O'Brien", "grade 9"), Option("n", "Noah Haddad", "grade 5"), Option("l", "Łucja Nowak")]


@pytest.fixture(autouse=True)
def light(qapp: QApplication) -> None:
    theme.install(qapp, theme.Appearance.LIGHT)
    theme.choose(theme.Appearance.LIGHT)


def shown(qtbot: QtBot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    with qtbot.waitActive(widget):
        widget.show()
        widget.activateWindow()
    return widget


def test_a_button_of_an_action_follows_it(qtbot: QtBot) -> None:
    host = shown(qtbot, QWidget())
    done: list[str] = []
    action = make_action(host, "New entry", lambda: done.append("new"), icon="plus", shortcut="N")
    button = Button.for_action(action, Kind.PRIMARY)
    qtbot.addWidget(button)
    assert button.keycap_text == "N"
    assert button.accessibleName() == "New entry"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    action.setEnabled(False)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == ["new"]
    assert not button.isEnabled()


def test_a_segmented_control_moves_with_the_arrow_keys(qtbot: QtBot) -> None:
    control = Segmented([("day", "Day"), ("week", "Week"), ("month", "Month")], "day")
    shown(qtbot, control)
    with qtbot.waitSignal(control.changed) as signal:
        qtbot.keyClick(control, Qt.Key.Key_Right)
    assert signal.args == ["week"]
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton, pos=QPoint(control.width() - 8, 10))
    assert control.value() == "month"
    assert control.accessibleDescription() == "Month"


def test_a_filter_chip_shows_what_it_filters_by(qtbot: QtBot) -> None:
    chip = FilterChip("All tutors")
    chip.set_choices([("mp", "Małgorzata Patel")])
    shown(qtbot, chip)
    with qtbot.waitSignal(chip.chosen) as signal:
        chip.build_menu().actions()[2].trigger()
    assert signal.args == ["mp"]
    assert (chip.text(), chip.isChecked()) == ("Małgorzata Patel", True)
    with qtbot.waitSignal(chip.chosen):
        chip.build_menu().actions()[0].trigger()
    assert (chip.text(), chip.isChecked(), chip.value()) == ("All tutors", False, "")


def test_a_field_says_what_is_wrong_where_it_is(qtbot: QtBot) -> None:
    entry = TimeInput()
    field = Field("Start", entry)
    shown(qtbot, field)
    qtbot.keyClicks(entry, "5:4")
    assert entry.is_wrong()
    field.set_error(TimeInput.HELP)
    assert entry.property("invalid") is True
    assert entry.accessibleDescription() == "Use a time such as 5:45 PM."
    assert entry.accessibleName() == "Start"
    field.set_error("")
    assert entry.property("invalid") is False


def test_a_time_is_understood_and_stepped_on_the_grid(qtbot: QtBot) -> None:
    entry = TimeInput()
    shown(qtbot, entry)
    qtbot.keyClicks(entry, "550p")
    assert entry.value() == time(17, 50)
    qtbot.keyClick(entry, Qt.Key.Key_Up)
    assert entry.text() == "6:00 PM"
    qtbot.keyClick(entry, Qt.Key.Key_Down)
    assert entry.value() == time(17, 45)


def test_a_date_is_written_out_when_left(qtbot: QtBot) -> None:
    host = QWidget()
    entry, other = DateInput(TODAY, parent=host), TextInput(parent=host)
    shown(qtbot, host)
    entry.setFocus()
    qtbot.keyClicks(entry, "12/2")
    assert entry.value() == date(2026, 12, 2)
    other.setFocus()
    qtbot.waitUntil(lambda: entry.text() == "Wed, Dec 2, 2026")


def test_an_amount_is_read_in_minor_units(qtbot: QtBot) -> None:
    entry = MoneyInput(10000)
    shown(qtbot, entry)
    entry.selectAll()
    qtbot.keyClicks(entry, "105.5")
    assert entry.cents() == 10550


def test_typing_filters_a_combo_without_accents_and_enter_takes(qtbot: QtBot) -> None:
    combo = ComboBox(PEOPLE)
    shown(qtbot, combo)
    combo.setFocus()
    qtbot.keyClicks(combo, "lucj")
    with qtbot.waitSignal(combo.valueChanged) as signal:
        qtbot.keyClick(combo, Qt.Key.Key_Return)
    assert signal.args == ["l"]
    assert combo.text() == "Łucja Nowak"


def test_words_that_are_no_choice_go_back_to_the_choice(qtbot: QtBot) -> None:
    host = QWidget()
    combo = ComboBox(PEOPLE, "n", parent=host)
    other = TextInput(parent=host)
    shown(qtbot, host)
    combo.setFocus()
    combo.setText("nobody")
    other.setFocus()
    qtbot.waitUntil(lambda: combo.text() == "Noah Haddad")
    assert combo.value() == "n"


def test_tab_takes_the_choice_that_is_marked_and_goes_on(qtbot: QtBot) -> None:
    host = QWidget()
    combo, other = ComboBox(PEOPLE, parent=host), TextInput(parent=host)
    shown(qtbot, host)
    combo.setFocus()
    qtbot.keyClicks(combo, "zo")
    with qtbot.waitSignal(combo.valueChanged) as signal:
        qtbot.keyClick(combo, Qt.Key.Key_Tab)
    assert signal.args == ["z"]
    qtbot.waitUntil(other.hasFocus)
    assert combo.text() == "Zoë O'Brien"


def test_going_through_an_opened_combo_changes_nothing(qtbot: QtBot) -> None:
    host = QWidget()
    combo, other = ComboBox([Option("", "Nobody"), *PEOPLE], "n", parent=host), TextInput(parent=host)
    shown(qtbot, host)
    qtbot.mouseClick(combo, Qt.MouseButton.LeftButton)
    with qtbot.assertNotEmitted(combo.valueChanged):
        qtbot.keyClick(combo, Qt.Key.Key_Tab)
    qtbot.waitUntil(other.hasFocus)
    assert combo.value() == "n"


def test_an_emptied_combo_chooses_nothing(qtbot: QtBot) -> None:
    host = QWidget()
    combo, other = ComboBox(PEOPLE, "n", parent=host), TextInput(parent=host)
    shown(qtbot, host)
    combo.setFocus()
    combo.selectAll()
    qtbot.keyClick(combo, Qt.Key.Key_Backspace)
    qtbot.keyClick(combo, Qt.Key.Key_Tab)
    qtbot.waitUntil(other.hasFocus)
    assert combo.value() == ""


@pytest.mark.parametrize("make", [TextInput, lambda words: ComboBox([Option("z", words)], "z")])
def test_words_too_long_for_a_field_end_in_an_ellipsis(qtbot: QtBot, make: Callable[[str], TextInput]) -> None:
    words = "Follow-up Attempted"
    cut = make(words)
    cut.resize(120, 32)
    cut.grab()  # lays it out
    room = cut._text_room().width()
    whole = make(cut.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room))
    whole.resize(120, 32)
    for field in (cut, whole):
        qtbot.addWidget(field)
    assert whole.text().endswith("…")
    assert cut.grab().toImage() == whole.grab().toImage()


def test_a_field_of_tokens_is_as_high_as_the_others_when_compact(qtbot: QtBot) -> None:
    field, line = TokenField(PEOPLE, ["z"]), TextInput()
    for widget in (field, line):
        widget.resize(300, widget.height())
        shown(qtbot, widget)
    try:
        for compact in (True, False):
            theme.set_compact(compact)
            assert field.height() == line.sizeHint().height() == theme.current().size.control
    finally:
        theme.set_compact(False)


@pytest.mark.parametrize("make", [lambda host: Sheet(host, "New lead"), lambda host: SidePanel("Lead", parent=host)])
def test_letters_typed_on_a_surface_do_not_reach_the_page(
    qtbot: QtBot, make: Callable[[QWidget], Sheet | SidePanel]
) -> None:
    host = QWidget()
    host.resize(900, 600)
    fired: list[str] = []
    make_action(host, "New entry", lambda: fired.append("N"), shortcut="N")
    make_action(host, "Undo", lambda: fired.append("Ctrl+Z"), shortcut="Ctrl+Z")
    shown(qtbot, host)
    surface, switch = make(host), Toggle("On website")
    surface.body.addWidget(switch)
    surface.show()
    switch.setFocus()
    qtbot.waitUntil(switch.hasFocus)
    qtbot.keyClick(switch, Qt.Key.Key_N)
    qtbot.keyClick(switch, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert fired == ["Ctrl+Z"]


def test_tokens_are_added_by_typing_and_taken_with_backspace(qtbot: QtBot) -> None:
    field = TokenField(PEOPLE)
    shown(qtbot, field)
    field.edit.setFocus()
    for typed in ("zoe", "noah"):
        qtbot.keyClicks(field.edit, typed)
        qtbot.keyClick(field.edit, Qt.Key.Key_Return)
    assert field.values() == ["z", "n"]
    qtbot.keyClick(field.edit, Qt.Key.Key_Backspace)
    assert field.values() == ["z"]


def make_table() -> tuple[TableView, RowModel[tuple[str, int]]]:
    model: RowModel[tuple[str, int]] = RowModel(
        [
            Column("Name", lambda row: Cell(row[0], strong=True), sort_key=lambda row: row[0]),
            Column("Price", lambda row: str(row[1]), 80, right=True),
        ],
        [("Zoë", 80), ("Aisha", 90)],
    )
    return TableView(model, "Services"), model


def test_a_table_opens_rows_with_enter_and_sorts_by_its_titles(qtbot: QtBot) -> None:
    table, model = make_table()
    shown(qtbot, table)
    table._sort(0)
    assert [model.row(0), model.row(1)] == [("Aisha", 90), ("Zoë", 80)]
    table.select_row(1)
    with qtbot.waitSignal(table.opened) as signal:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert signal.args == [1]


def test_headings_in_a_table_span_it_and_cannot_be_selected(qtbot: QtBot) -> None:
    table, model = make_table()
    model.set_rows([Group("Private", "private"), ("Zoë", 80)])
    shown(qtbot, table)
    assert table.columnSpan(0, 0) == 2
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsSelectable
    assert model.data(model.index(1, 0)) == "Zoë"


def test_a_toast_offers_undo(qtbot: QtBot) -> None:
    host = QWidget()
    host.resize(900, 600)
    shown(qtbot, host)
    toast = Toast(host)
    toast.say("Archived Noah Lee’s Algebra I")
    with qtbot.waitSignal(toast.undo):
        qtbot.mouseClick(toast, Qt.MouseButton.LeftButton, pos=toast._undo_rect().center().toPoint())
    assert not toast.isVisible()


@pytest.mark.parametrize("undo", [True, False])
@pytest.mark.parametrize("width", [420, 900, 1366])
def test_a_long_toast_takes_several_lines_and_stays_inside_the_window(qtbot: QtBot, width: int, undo: bool) -> None:
    host = QWidget()
    host.resize(width, 600)
    shown(qtbot, host)
    toast = Toast(host)
    toast.say(
        "This PC has no keyring for the key of this data, so it lies in a file that only you can read. " * 2, undo
    )
    inside = toast.geometry().adjusted(toast._shadow, toast._shadow, -toast._shadow, -toast._shadow)
    assert host.rect().contains(inside)
    words = toast.findChild(Paragraph)
    assert words.height() >= words.heightForWidth(words.width()) >= 2 * theme.current().line_height("body")
    assert toast.rect().contains(words.geometry())
    if undo:
        assert toast._undo_rect().left() > words.geometry().right()
    height = toast.height()
    toast.say("Saved", undo)
    assert toast.height() < height


def test_escape_closes_a_sheet_and_gives_the_focus_back(qtbot: QtBot) -> None:
    host = QWidget()
    host.resize(900, 600)
    button = Button("New lead", parent=host)
    shown(qtbot, host)
    button.setFocus()
    sheet = Sheet(host, "New lead")
    entry = TextInput()
    sheet.body.addWidget(entry)
    sheet.open_sheet(entry)
    qtbot.waitUntil(entry.hasFocus)
    with qtbot.waitSignal(sheet.closed):
        qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    qtbot.waitUntil(button.hasFocus)


def test_a_switch_turns_with_the_space_bar(qtbot: QtBot) -> None:
    switch = Toggle("On website")
    shown(qtbot, switch)
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert switch.isChecked()


def test_initials_are_those_of_first_and_last_name() -> None:
    assert [initials(name) for name in ("Mei-Ling Park", "Zoë", "", "Maria de la Cruz")] == ["MP", "Z", "", "MC"]


def test_actions_are_found_by_any_of_their_words(qtbot: QtBot) -> None:
    host = shown(qtbot, QWidget())
    lead = make_action(host, "New lead", lambda: None)
    printing = make_action(host, "Print the list of leads", lambda: None)
    hidden = make_action(host, "Lead nowhere", lambda: None)
    hidden.setEnabled(False)
    found = matching_actions([("Leads", printing), ("Leads", lead), ("", hidden)], "lead")
    assert [result.title for result in found] == ["Print the list of leads", "New lead"]
    assert [result.title for result in matching_actions([("Leads", printing), ("Leads", lead)], "new")] == [
        "New lead"
    ]


@pytest.mark.parametrize("arguments", [[], ["--dark"], ["--contrast"]])
def test_the_gallery_paints_every_widget(qapp: QApplication, arguments: list[str]) -> None:
    from desktop.widgets.gallery import Gallery

    looks = {"--dark": theme.Appearance.DARK, "--contrast": theme.Appearance.HIGH_CONTRAST}
    theme.choose(looks.get(arguments[0], theme.Appearance.LIGHT) if arguments else theme.Appearance.LIGHT)
    gallery = Gallery()
    gallery.resize(1340, 940)
    picture = gallery.grab().toImage()
    shades = {picture.pixel(x, y) for x in range(0, picture.width(), 7) for y in range(0, picture.height(), 7)}
    assert len(shades) > 12
    gallery.deleteLater()


def test_the_list_of_widgets_names_every_public_one() -> None:
    import desktop.widgets as widgets

    words = Path(widgets.__file__).with_name("README.md").read_text("utf-8")
    assert [name for name in widgets.__all__ if name not in words] == []
