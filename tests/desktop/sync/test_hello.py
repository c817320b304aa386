"""The first word to the server: clocks that are wrong, copies of a store, and a server restored from a backup."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from sqlalchemy import text

from desktop.store.store import Store
from desktop.sync.errors import SyncError
from desktop.sync.hello import _send_again, clock_words, is_due, say_hello, token_of
from desktop.sync.rows import SyncWriter
from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.sync.clocks import device_tail, stamp_milliseconds
from tests.desktop.sync.conftest import Desk, MakeDesk
from tests.simulation.world import SteadyPace

DAY = 86_400_000
YEAR = 365 * DAY


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def stamps(desk: Desk, lead_id: str) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(desk.rows("SELECT field_clocks FROM lead WHERE id = ?", lead_id)[0][0])
    return found


@pytest.mark.parametrize("off", [YEAR, -YEAR, 6 * 60_000, -30_000])
def test_a_pc_whose_clock_is_wrong_stamps_by_the_servers_clock(make_desk: MakeDesk, off: int) -> None:
    """[S-4]"""
    desk = make_desk("wrong", wall=lambda: now_ms() + off)
    lead = desk.add_lead()
    assert abs(stamp_milliseconds(stamps(desk, lead)["*"]) - now_ms()) < 5_000
    assert desk.sync().refused == []


def test_a_clock_that_is_right_is_left_alone(desk: Desk) -> None:
    """[S-4]"""
    assert desk.store.local("clock_offset_ms") is None
    assert clock_words(desk.store) is None


@pytest.mark.parametrize(
    ("off", "words"),
    [(YEAR + DAY, "1 year ahead"), (-3 * 3_600_000, "3 hours behind"), (12 * 60_000, "12 minutes ahead")],
)
def test_a_clock_off_by_minutes_is_told_to_the_person(make_desk: MakeDesk, off: int, words: str) -> None:
    """[S-6]"""
    desk = make_desk("wrong", wall=lambda: now_ms() + off)
    said = clock_words(desk.store)
    assert said is not None
    assert words in said
    assert "date and time settings" in said


def test_edits_stamped_in_the_future_come_back_in_their_order_before_they_are_sent(make_desk: MakeDesk) -> None:
    """[S-5]: offline with a clock a year ahead, then online: the edits arrive, in order, and another's later edit of
    the same field wins."""
    first = make_desk("first")
    lead = first.add_lead("Ana")
    first.sync()
    first.close()
    wrong = make_desk("first", wall=lambda: now_ms() + YEAR)
    wrong.edit_lead(lead, notes="one")
    wrong.edit_lead(lead, notes="two", phone="+19145550100")
    second_lead = wrong.add_lead("Björn")
    ahead = stamps(wrong, lead)
    assert stamp_milliseconds(ahead["phone"]) > now_ms() + YEAR // 2
    assert wrong.sync().refused == []
    after, created = stamps(wrong, lead), stamps(wrong, second_lead)["*"]
    assert stamp_milliseconds(created) < now_ms() + 300_000
    assert after["notes"] == after["phone"] < created
    assert wrong.store.unsent_count() == 0
    other = make_desk("other")
    assert (other.lead(lead).notes, other.lead(lead).phone) == ("two", "+19145550100")
    other.edit_lead(lead, phone="+19145550199")
    other.sync()
    wrong.sync()
    assert wrong.lead(lead).phone == "+19145550199"


def test_a_push_that_is_repeated_carries_the_same_stamps(make_desk: MakeDesk) -> None:
    """[S-5]: what is sent is what is stored."""
    desk = make_desk("wrong", wall=lambda: now_ms() + YEAR)
    lead = desk.add_lead()
    desk.sync()
    other = make_desk("other")
    assert stamps(desk, lead) == stamps(other, lead)


def test_a_clock_that_was_set_meanwhile_leads_to_another_hello(make_desk: MakeDesk) -> None:
    """[S-30]"""
    off = [0]
    desk = make_desk("moving", wall=lambda: now_ms() + off[0])
    assert not is_due(desk.store)
    off[0] = DAY
    assert is_due(desk.store)
    lead = desk.add_lead()
    assert desk.sync().refused == []
    assert stamp_milliseconds(stamps(desk, lead)["*"]) < now_ms() + 300_000


def test_a_copied_store_goes_on_under_a_name_of_its_own(make_desk: MakeDesk, tmp_path: Path) -> None:
    """[S-31]: the folder of a PC is cloned to another; both go on, each with what only it has."""
    first = make_desk("first")
    shared = first.add_lead("Shared")
    first.sync()
    unsent = first.add_lead("Unsent at the copy")
    name = first.store.local("device_id")
    first.close()
    shutil.copytree(tmp_path / "first", tmp_path / "clone")
    original, clone = make_desk("first"), make_desk("clone")
    mine = original.add_lead("Mine")
    original.sync()
    theirs = clone.add_lead("Theirs")
    clone.edit_lead(shared, notes="edited in the clone")
    clone.sync()
    for desk in (original, clone, original):
        desk.sync()
    assert original.store.local("device_id") == name
    assert clone.store.local("device_id") != name
    assert token_of(clone.store) != token_of(original.store)
    for desk in (original, clone):
        assert all(desk.has_lead(lead) for lead in (shared, unsent, mine, theirs))
        assert desk.lead(shared).notes == "edited in the clone"
        assert desk.store.unsent_count() == desk.store.attention_count() == 0
    tail = device_tail(clone.store.local("device_id") or "")
    assert stamps(original, theirs)["*"].endswith(tail)
    clone.edit_lead(shared, phone="+19145550100")
    assert stamps(clone, shared)["phone"].endswith(tail)


def test_a_restored_backup_fetches_what_it_missed_and_loses_nothing(make_desk: MakeDesk, tmp_path: Path) -> None:
    """[S-31]"""
    desk = make_desk("first")
    lead = desk.add_lead("Before")
    desk.sync()
    waiting = desk.add_lead("Unsent when the backup was taken")
    backup = desk.store.backup("evening")
    desk.edit_lead(lead, notes="after the backup")
    desk.sync()
    later = desk.add_lead("After")
    desk.sync()
    desk.close()
    for name in ("store.db-wal", "store.db-shm"):
        (tmp_path / "first" / name).unlink(missing_ok=True)
    shutil.copy(backup, tmp_path / "first" / "store.db")
    restored = make_desk("first")
    restored.edit_lead(lead, phone="+19145550100")
    restored.sync()
    restored.sync()
    assert restored.lead(lead).notes == "after the backup"
    assert restored.lead(lead).phone == "+19145550100"
    assert restored.has_lead(waiting)
    assert restored.has_lead(later)
    assert restored.store.unsent_count() == restored.store.attention_count() == 0


def test_the_new_name_and_token_survive_a_kill_right_after(make_desk: MakeDesk, tmp_path: Path) -> None:
    """[S-31]: both are written in one transaction, the token moves to its keeper later."""
    desk = make_desk("first")
    desk.store.set_local(new_device_token="fresh-token")
    desk.close()
    reopened = Store(tmp_path / "first", use_keyring=False)
    assert token_of(reopened) == "fresh-token"
    assert reopened.local("new_device_token") is None
    assert token_of(reopened) == "fresh-token"
    reopened.close()


def test_after_the_server_was_restored_a_desk_sends_again_what_is_missing(
    make_desk: MakeDesk, postgres_url: str, center: tuple[str, str, str]
) -> None:
    """[S-32]"""
    desk = make_desk("first")
    kept = desk.add_lead("Kept")
    desk.sync()
    at = int(desk.store.local("pull_cursor") or 0)
    lost, edited = desk.add_lead("Lost with the server"), kept
    desk.edit_lead(edited, notes="lost with the server")
    desk.sync()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as owner:
        owner.execute("DELETE FROM lead WHERE id = %s", (lost,))
        owner.execute(
            "UPDATE lead SET notes = '', field_clocks = field_clocks - 'notes' - 'notes~' WHERE id = %s", (edited,)
        )
        _restore(owner, center[0], at)
    desk.sync()
    desk.sync()
    other = make_desk("other")
    assert other.lead(lost).parent_first_name == "Lost with the server"
    assert other.lead(edited).notes == "lost with the server"
    assert desk.store.unsent_count() == 0


def _restore(owner: psycopg.Connection[Any], organization_id: str, at: int) -> None:
    """Let the server's counters be those of one that was restored as of a number."""
    owner.execute(
        "UPDATE organization_sequence SET last_seq = %s, epoch = %s, restored_at_seq = %s WHERE organization_id = %s",
        (at, new_id(), at, organization_id),
    )


class _Ended(Exception):
    """The program ends here."""


@pytest.mark.parametrize("turns", [1, 3])
def test_a_desk_that_ends_while_it_marks_what_to_send_again_goes_on_with_the_rest(
    make_desk: MakeDesk,
    postgres_url: str,
    center: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
    turns: int,
) -> None:
    """[S-32]: it marks in turns, so that whoever saves meanwhile need not wait for all; the epoch is the last."""
    desk = make_desk("first")
    at = int(desk.store.local("pull_cursor") or 0)
    leads = [desk.add_lead(f"Lead {number}") for number in range(5)]
    desk.sync()
    desk.sync()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as owner:
        owner.execute("DELETE FROM lead WHERE id = ANY(%s)", (leads,))
        _restore(owner, center[0], at)
    desk.store.gate.has_company = True
    desk.store.greeted = None
    monkeypatch.setattr("desktop.sync.rows.Pace", partial(SteadyPace, 1))
    passed: list[int] = []

    class Ending(SyncWriter):
        def wrote(self, rows: int) -> None:
            super().wrote(rows)
            passed.append(rows)
            if sum(passed) == turns:
                raise _Ended

    with monkeypatch.context() as ending, pytest.raises(_Ended):
        ending.setattr("desktop.sync.hello.SyncWriter", Ending)
        desk.sync()
    assert desk.store.unsent_count() == turns
    desk.close()
    reopened = make_desk("first")
    saved = reopened.add_lead("Saved before it is known again")
    reopened.sync()
    reopened.sync()
    other = make_desk("other")
    assert all(other.has_lead(lead) for lead in (*leads, saved))
    assert reopened.store.unsent_count() == reopened.store.attention_count() == 0


def test_after_a_restore_a_desk_sends_again_what_its_user_may_write_or_was_entered_there(desk: Desk) -> None:
    """[S-32]: of the rest it may hold no more than parts; to what it may no longer write the server says no."""
    own = {"organization_id": desk.store.organization_id}
    clerk = new_id()
    with desk.store.write() as session:
        session.add(User(**own, id=clerk, first_name="Josh"))
        session.add(UserRole(**own, id=derived_id(clerk, Role.FRONT_DESK), user_id=clerk, role=Role.FRONT_DESK))
    lead = desk.add_lead("Ana")
    desk.sync()
    desk.store.set_local(user_id=clerk)
    with SyncWriter(desk.store) as writer:
        _send_again(desk.store, writer, 0)
    with desk.store.read() as session:
        again = {
            name: set(session.execute(text(f'SELECT id FROM "{name}" WHERE unsent_since IS NOT NULL')).scalars())
            for name in ("lead", "user", "organization", "subject")
        }
    assert again == {"lead": {lead}, "user": {clerk}, "organization": set(), "subject": set()}


def test_a_server_that_knows_no_hello_is_an_older_one_or_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[S-22]"""
    monkeypatch.setattr("desktop.sync.hello.SPOKEN", (99,))
    desk.store.greeted = None
    with pytest.raises(SyncError) as refused:
        desk.sync()
    assert "update" in str(refused.value).lower()
    desk.add_lead()
    assert desk.store.unsent_count() == 1


def test_a_hello_gives_the_next_lineage_and_the_one_before_is_still_taken(desk: Desk) -> None:
    """[S-31]: an answer that was lost."""
    before = desk.store.local("sync_lineage")
    say_hello(desk.store, desk.client)
    assert desk.store.local("sync_lineage") != before
    desk.store.set_local(sync_lineage=before)
    name = desk.store.local("device_id")
    desk.add_lead()
    desk.sync()
    assert desk.store.local("device_id") == name
