"""Exporting the calendar: `itutoros export calendar` on the command line, and the dialog of the calendar page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from icalendar import Calendar
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from desktop import theme
from desktop.exchange import export_command
from desktop.exchange.command import run
from desktop.exchange.export_dialog import ExportDialog
from desktop.store.store import Store
from shared_models.exchange.calendar_export import Selection
from shared_models.schedule.models import ScheduleEntry, Series

CENTER = Path(__file__).parents[2] / "data" / "center"
NOW = datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store"), use_keyring=False)
    files = ("organization.json", "tutors.csv", "families.csv", "calendar.ics")
    run([str(CENTER / name) for name in files], store, now=NOW)
    yield store
    store.close()


@pytest.fixture
def dialog(store: Store, qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[ExportDialog]:
    theme.install(qapp)
    week = Selection(first_day=date(2026, 11, 30), last_day=date(2026, 12, 6))
    place = tmp_path / "week.ics"
    dialog = ExportDialog(store, week, now=lambda: NOW, ask_file=lambda _parent, _name: str(place))
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.numberShown, timeout=10_000):
        dialog.show()
    yield dialog
    dialog.reject()


def export(store: Store, *words: str) -> int:
    return export_command.run(["calendar", *words], store, now=NOW)


def summaries(path: Path) -> list[str]:
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(path.read_bytes()).walk("VEVENT")]


def test_the_whole_calendar_is_written(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new folder" / "calendar.ics"
    assert export(store, "--out", str(out)) == 0
    assert capsys.readouterr().out == f"Wrote {out}: 5,349 sessions.\n"
    assert "SAT - Elena Kim" in summaries(out)
    assert "CLOSED: Winter break" in summaries(out)


def test_a_part_is_chosen_by_name_and_days(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "part.ics"
    assert export(store, "--out", str(out), "--tutor", "dijk", "--from", "2026-11-30", "--to", "2026-12-06") == 0
    events = Calendar.from_ical(out.read_bytes()).walk("VEVENT")
    assert 0 < len(events) < 60
    assert all("Tomás Dijk" in str(event["DESCRIPTION"]) for event in events)
    capsys.readouterr()
    assert export(store, "--out", str(out), "--student", "Kim") == 2
    assert "Say more of the name" in capsys.readouterr().err
    assert export(store, "--out", str(out), "--location", "Paris") == 2
    assert 'Known: "Irvington Office", "Tarrytown Office"' in capsys.readouterr().err
    assert export(store, "--out", str(out), "--from", "2026-12-06", "--to", "2026-12-01") == 2


def test_a_place_that_cannot_be_written_is_said(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(store, "--out", str(tmp_path)) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_the_dialog_counts_what_is_chosen_and_saves_it(dialog: ExportDialog, qtbot: QtBot, tmp_path: Path) -> None:
    week = int(dialog.number.text().split()[0])
    assert 100 < week < 200
    with qtbot.waitSignal(dialog.exported, timeout=10_000):
        dialog.save_action.trigger()
    assert dialog.done_words == f"Exported {week} sessions to week.ics"
    assert (tmp_path / "week.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_all_dates_can_be_taken_instead_of_those_shown(dialog: ExportDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.numberShown, timeout=10_000):
        dialog.dates.set_value("all")
        dialog.dates.changed.emit("all")
    assert dialog.number.text() == "5,349 sessions"
    assert dialog.selection() == Selection()
    dialog.closures.setChecked(False)
    assert not dialog.selection().has_closures


def test_what_a_second_import_changed_can_be_taken_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", use_keyring=False)
    run([str(CENTER / name) for name in ("organization.json", "tutors.csv", "calendar.ics")], store, now=NOW)
    before = entries_in(store)
    later = tmp_path / "calendar.ics"
    content = (CENTER / "calendar.ics").read_bytes()
    later.write_bytes(
        content.replace(b"UNTIL=20270626T035959Z", b"UNTIL=20270326T035959Z").replace(b"T160000", b"T161500")
    )
    assert run([str(later)], store, now=NOW) == 0
    assert len(entries_in(store)) < len(before)
    assert entries_in(store) - before
    assert store.undo() == "Imported calendar.ics"
    assert entries_in(store) == before
    store.close()


def entries_in(store: Store) -> set[tuple[object, ...]]:
    """Every live entry with everything that an import may change."""
    with store.read() as session:
        rows = session.execute(
            select(
                ScheduleEntry.id, ScheduleEntry.starts_at, ScheduleEntry.ends_at, ScheduleEntry.tutor_id,
                ScheduleEntry.imported_as, Series.last_day, Series.start_time, Series.imported_as,
            )
            .outerjoin(Series, Series.id == ScheduleEntry.series_id)
            .where(ScheduleEntry.archived_at.is_(None))
        )  # fmt: skip
        return {tuple(row) for row in rows}
