"""The import dialog, worked with as a person would: choose, look, map, mend, import."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import func, select

from desktop import theme
from desktop.exchange.command import run
from desktop.exchange.import_dialog import ImportDialog
from desktop.exchange.remembered_columns import with_remembered_columns
from desktop.store.store import Store
from shared_models.exchange.recognize import FileKind, open_file
from shared_models.people.models import Family, Student

CENTER = Path(__file__).parents[2] / "data" / "center"
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, qapp: QApplication) -> Iterator[Store]:
    theme.install(qapp)
    store = Store(tmp_path / "store", use_keyring=False)
    run([str(CENTER / "organization.json")], store, now=NOW)
    yield store
    store.close()


@pytest.fixture
def dialog(store: Store, qtbot: QtBot) -> Iterator[ImportDialog]:
    dialog = ImportDialog(store, now=lambda: NOW, ask_files=lambda _parent: [str(CENTER / "families.csv")])
    qtbot.addWidget(dialog)
    dialog.show()
    yield dialog
    dialog.reject()


def take(dialog: ImportDialog, qtbot: QtBot, *paths: Path) -> None:
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.add_paths(paths)


def count(store: Store, kind: type[Family] | type[Student]) -> int:
    with store.read() as session:
        return session.scalars(select(func.count()).select_from(kind)).one()


def test_chosen_families_are_shown_and_imported(dialog: ImportDialog, store: Store, qtbot: QtBot) -> None:
    assert not dialog.import_action.isEnabled()
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.choose_action.trigger()
    assert dialog.import_button.text() == "Import 282 students"
    assert dialog.rows.model().rowCount() == 285
    assert dialog.status.text().startswith("3 lines stay out")
    with qtbot.waitSignal(dialog.imported, timeout=10_000) as imported:
        dialog.import_action.trigger()
    assert imported.args == ["Imported families.csv"]
    assert (count(store, Family), count(store, Student)) == (180, 282)
    assert dialog.result_page.title.text() == "Imported"
    assert dialog.result_page.table.model().rowCount() == 3
    assert dialog.cancel_button.text() == "Close"


def test_a_bad_line_is_mended_in_place(dialog: ImportDialog, qtbot: QtBot) -> None:
    take(dialog, qtbot, CENTER / "families.csv")
    bad = next(row for row in range(285) if dialog.rows.line_at(row) == 64)
    dialog.rows.opened.emit(bad)
    assert dialog.view.value() == "problems"
    preview = dialog.chosen()
    assert preview is not None and preview.file.mapping is not None
    location = preview.file.mapping.column("location")
    assert location is not None
    field = dialog.problems.input(location)
    assert field.text() == "Bronxville Office"
    field.setText("Irvington Office")
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        field.returnPressed.emit()
    assert dialog.import_button.text() == "Import 283 students"
    assert dialog.problems.table.model().rowCount() == 2


def test_a_column_is_chosen_by_hand_and_the_rows_follow(dialog: ImportDialog, tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Parent First,Parent Last,Email,Kid,Location\nAna,Kim,a@x.example,Mia,Irvington Office", "utf-8")
    take(dialog, qtbot, file)
    assert dialog.import_button.text() == "Import 1 family"
    dialog.view.set_value("columns", announce=True)
    choice = dialog.columns.choice("first_name")
    assert choice.value() == "-"
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        choice.valueChanged.emit("3")
    assert dialog.import_button.text() == "Import 1 student"
    assert dialog.columns.choice("first_name").value() == "3"


def test_columns_chosen_by_hand_hold_for_the_next_file_of_its_kind(
    dialog: ImportDialog, store: Store, tmp_path: Path, qtbot: QtBot
) -> None:
    title = "Parent First,Parent Last,Email,Kid,Location"
    first, second, other = (tmp_path / name for name in ("september.csv", "october.csv", "leads.csv"))
    first.write_text(f"{title}\nAna,Kim,a@x.example,Mia,Irvington Office", "utf-8")
    second.write_text(f"{title}\nZoë,Lee,z@x.example,Leo,Irvington Office", "utf-8")
    other.write_text(f"{title},Phone\nZoë,Lee,z@x.example,Leo,Irvington Office,9145550100", "utf-8")
    take(dialog, qtbot, first)
    dialog.view.set_value("columns", announce=True)
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.columns.choice("first_name").valueChanged.emit("3")
    with qtbot.waitSignal(dialog.imported, timeout=10_000):
        dialog.import_action.trigger()
    again = ImportDialog(store, now=lambda: NOW)
    qtbot.addWidget(again)
    take(again, qtbot, second)
    assert again.import_button.text() == "Import 1 student"
    preview = again.chosen()
    assert preview is not None and preview.file.mapping is not None
    assert preview.file.mapping.column("first_name") == 3
    take(again, qtbot, other)
    file = next(preview.file for preview in again._previews if preview.file.name == "leads.csv")
    assert file.mapping is not None and file.mapping.column("first_name") != 3
    again.reject()


def test_an_import_that_is_stopped_remembers_no_columns(
    dialog: ImportDialog, store: Store, tmp_path: Path, qtbot: QtBot
) -> None:
    file = tmp_path / "people.csv"
    lines = [f"Ana,Kim{number},Mia,Irvington Office" for number in range(300)]
    file.write_text("\n".join(["Parent First,Parent Last,Kid,Location", *lines]), "utf-8")
    take(dialog, qtbot, file)
    dialog.view.set_value("columns", announce=True)
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.columns.choice("first_name").valueChanged.emit("2")
    dialog.start_import()
    dialog.reject()
    qtbot.waitUntil(lambda: dialog.status.text().startswith("Stopped"), timeout=10_000)
    assert with_remembered_columns(store, open_file(file.name, file.read_bytes())) == open_file(
        file.name, file.read_bytes()
    )


def test_a_file_can_be_read_as_something_else(dialog: ImportDialog, tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "list.csv"
    file.write_text("Name,Phone,Source\nAna Kim,9145550100,Web", "utf-8")
    take(dialog, qtbot, file)
    assert dialog.import_button.text() == "Import 1 lead"
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.kind.valueChanged.emit(FileKind.TUTORS.value)
    assert dialog.import_button.text() == "Import 1 tutor"


def test_dropped_files_are_taken_and_unreadable_ones_named(
    dialog: ImportDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    letter = tmp_path / "letter.csv"
    letter.write_text("Dear Sir", "utf-8")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in (CENTER / "tutors.csv", letter)])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.dropEvent(drop)
    assert dialog.import_button.text() == "Import 14 tutors"
    assert dialog.note is not None
    assert "letter.csv" in dialog.note.text.text()


def test_several_files_are_imported_together_and_one_can_be_left_out(
    dialog: ImportDialog, store: Store, qtbot: QtBot
) -> None:
    take(dialog, qtbot, *(CENTER / name for name in ("calendar.ics", "families.csv", "tutors.csv", "leads.csv")))
    assert dialog.import_button.text() == "Import 4 files"
    dialog.files.select_row(3)
    with qtbot.waitSignal(dialog.previewsShown, timeout=10_000):
        dialog.remove_action.trigger()
    assert dialog.import_button.text() == "Import 3 files"
    with qtbot.waitSignal(dialog.imported, timeout=10_000) as imported:
        dialog.import_action.trigger()
    assert imported.args == ["Imported 3 files"]
    assert store.undo() == "Imported 3 files"


def test_an_import_that_is_stopped_changes_nothing(dialog: ImportDialog, store: Store, qtbot: QtBot) -> None:
    take(dialog, qtbot, CENTER / "families.csv")
    dialog.import_action.trigger()
    dialog.reject()
    qtbot.waitUntil(lambda: "Nothing was changed" in dialog.status.text(), timeout=10_000)
    assert dialog.isVisible()
    assert count(store, Family) == 0
    assert dialog.import_action.isEnabled()
    assert dialog.bar.share() is None


def test_what_was_undone_can_be_brought_back(dialog: ImportDialog, store: Store, qtbot: QtBot) -> None:
    run([str(CENTER / "families.csv")], store, now=NOW)
    store.undo()
    take(dialog, qtbot, CENTER / "families.csv")
    with qtbot.waitSignal(dialog.imported, timeout=10_000):
        dialog.import_action.trigger()
    assert dialog.result_page.archived.text() == "There already, but archived: 180 families and 282 students."
    with qtbot.waitSignal(dialog.imported, timeout=10_000):
        dialog.result_page.bring_back.click()
    assert not dialog.result_page.bring_back.isVisible()
    with store.read() as session:
        assert session.scalars(select(Family).where(Family.archived_at.is_not(None))).all() == []
