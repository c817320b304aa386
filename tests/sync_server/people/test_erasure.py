"""Erased for good: in the rows, the history, the mail, the files, on every PC, and against every late edit
([S-15], [S-115])."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from desktop.store.store import Store
from desktop.sync.client import SyncClient
from desktop.sync.exchange import exchange
from desktop.sync.setup import sign_in
from desktop.sync.worker import TOKEN
from shared_models.access.models import Role, User, UserRole
from shared_models.base import derived_id, new_id
from shared_models.catalog.models import Service
from shared_models.leads.models import ContactMethod, ContactOutcome, Lead, LeadContact, LeadStage
from shared_models.organization.files import FilePurpose, MediaType, StoredFile, keep_file_row, sha256_of
from shared_models.organization.models import Location
from shared_models.people.models import Family, Student, Tutor, TutorTimeOff
from shared_models.privacy.erasure import ErasedKind, is_erased
from shared_models.registry import tenant_classes
from shared_models.schedule.models import Attendee, ScheduleEntry
from shared_models.sync.clocks import CREATED, ERASED_CLOCK
from sync_server.access.devices import DeviceIdentity
from sync_server.access.letters import SERVER_ITSELF
from sync_server.access.models import (
    Invitation,
    KnownPlace,
    LinkedIdentity,
    PasswordReset,
    RecoveryCode,
    SecondFactor,
    WebSession,
)
from sync_server.access.passwords import hash_password
from sync_server.database import Database
from sync_server.files.content import FileDesk, FileError
from sync_server.files.storage import DiskStorage
from sync_server.mail_models import OutboxMail
from sync_server.models import Account, AuditEntry, Device, Membership
from sync_server.people.erasure import ErasureList, erase_again, erase_person
from tests.live_server import PASSWORD, LiveServer, live_server, make_organization
from tests.pictures import picture

NOW = datetime.now(UTC).replace(microsecond=0)
SECRETS = (
    "Quentin", "Abernathy", "914-555", "abernathy@", "Elm Street", "peanuts", "asthma", "Wilhelmina", "shy at first",
    "loves trains", "worried about fractions", "carries a red bag",
)  # fmt: skip


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(database, tmp_path / "server") as running:
        yield running


class Center:
    """A center with one family whose every text can be found again, beside another family."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.id, self.slug, self.email = make_organization(database)
        org: dict[str, Any] = {"organization_id": self.id}
        with database.tenant(self.id) as session:
            place = session.scalars(select(Location.id)).one()
            service = session.scalars(select(Service.id)).first()
            family = Family(
                **org, id=new_id(), parent1_first_name="Quentin", parent1_last_name="Abernathy",
                parent1_phone="914-555-0101", parent1_email="Quentin.Abernathy@home.example",
                parent1_address="12 Elm Street", notes="worried about fractions",
            )  # fmt: skip
            other = Family(**org, id=new_id(), parent1_first_name="Ana", parent1_last_name="Silva")
            child = Student(
                **org, id=new_id(), family_id=family.id, location_id=place, first_name="Wilhelmina",
                last_name="Abernathy", date_of_birth=date(2015, 4, 1), allergies="peanuts",
                medical_conditions="asthma", behavior_notes="shy at first", has_iep=True,
            )  # fmt: skip
            friend = Student(**org, id=new_id(), family_id=other.id, location_id=place, first_name="Elena")
            lead = Lead(
                **org, id=new_id(), created_at=NOW, parent_first_name="Quentin", parent_last_name="Abernathy",
                email=" quentin.abernathy@HOME.example", student_first_name="Wilhelmina", message="loves trains",
            )  # fmt: skip
            contact = LeadContact(
                **org, id=new_id(), lead_id=lead.id, happened_at=NOW, method=ContactMethod.PHONE,
                outcome=ContactOutcome.ANSWERED, stage_before=LeadStage.NEW, stage_after=LeadStage.CONTACTED,
                note="Quentin is worried about fractions",
            )  # fmt: skip
            session.add_all([family, other, child, friend, lead, contact])
            self.entries = {}
            for name, days, children in (
                ("alone", -7, [child]), ("together", -6, [child, friend]), ("soon alone", 7, [child]),
                ("soon together", 8, [child, friend]), ("others", -5, [friend]),
            ):  # fmt: skip
                starts = NOW + timedelta(days=days)
                entry = ScheduleEntry(
                    **org, id=new_id(), location_id=place, service_id=service, starts_at=starts,
                    ends_at=starts + timedelta(hours=1), blocked_until=starts + timedelta(hours=1), capacity=5,
                    hourly_price_cents=8000,
                    notes={"alone": "carries a red bag", "others": "before"}.get(name, "WILHELMINA is late"),
                    report_done="Fractions with everyone",
                )  # fmt: skip
                session.add(entry)
                for student in children:
                    session.add(Attendee(**org, id=derived_id(entry.id, student.id), entry_id=entry.id,
                                         student_id=student.id))  # fmt: skip
                self.entries[name] = entry.id
            for words, recipient in (
                ("lead confirmation", "quentin.abernathy@home.example"),
                ("lead notice", "desk@x"),
            ):
                session.add(
                    OutboxMail(**org, id=derived_id(words, lead.id), created_at=NOW, recipient=recipient,
                               subject="New lead: Quentin Abernathy", message="Wilhelmina loves trains",
                               due_at=NOW + timedelta(days=2))
                )  # fmt: skip
            session.add(
                OutboxMail(**org, id=new_id(), created_at=NOW, recipient="Quentin.Abernathy@home.example",
                           subject="Hello Quentin", message="", sent_at=NOW)
            )  # fmt: skip
            self.family, self.other, self.child, self.friend, self.lead = (
                family.id, other.id, child.id, friend.id, lead.id,
            )  # fmt: skip
        with database.tenant(self.id) as session:
            # History: values before and after.
            session.get_one(Family, (self.id, self.family)).parent1_phone = "914-555-0202"
            session.get_one(Student, (self.id, self.child)).allergies = "peanuts and walnuts"
            session.get_one(ScheduleEntry, (self.id, self.entries["others"])).notes = "kept"

    def everything(self) -> str:
        """Every row of every table of this center, as one text."""
        from sync_server.database import tenant_tables

        parts = []
        with self.database.tenant(self.id, read_only=True) as session:
            for table in tenant_tables():
                rows = session.connection().execute(text(f'SELECT t::text FROM "{table}" AS t'))
                parts += [f"{table}: {row[0]}" for row in rows]
        return "\n".join(parts)

    def get(self, kind: Any, row_id: str) -> Any:
        with self.database.tenant(self.id, read_only=True) as session:
            return session.get_one(kind, (self.id, row_id))


def signed_in(folder: Path, server: LiveServer, email: str) -> Store:
    store = Store(folder, use_keyring=False)
    sign_in(store, server.url, email, PASSWORD)
    return store


def token_of(store: Store) -> str:
    token = store.secrets.read(TOKEN)
    assert token is not None
    return token.value


def exchanged(store: Store, server: LiveServer) -> None:
    client = SyncClient(server.url, token_of(store))
    exchange(store, client)
    client.close()


def ask(store: Store, server: LiveServer, kind: str, row_id: str, typed: str) -> httpx.Response:
    return httpx.post(
        f"{server.url}/api/v1/erasures",
        json={"kind": kind, "id": row_id, "confirmation": typed},
        headers={"Authorization": f"Bearer {token_of(store)}"},
        timeout=60,
    )


def test_nothing_of_a_family_is_left_anywhere_on_the_server(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    center = Center(database)
    store = signed_in(tmp_path / "desk", server, center.email)
    before = center.everything()
    assert all(secret.lower() in before.lower() for secret in SECRETS)
    answer = ask(store, server, "family", center.family, "  quentin ABERNATHY ")
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == {"family": 1, "student": 1, "lead": 1, "lead_contact": 1}
    assert (answer.json()["sessions"], answer.json()["sessions_ahead"]) == (2, 1)
    after = center.everything().lower()
    assert [secret for secret in SECRETS if secret.lower() in after] == []
    store.close()


def test_what_the_books_need_stays(database: Database, server: LiveServer, tmp_path: Path) -> None:
    center = Center(database)
    erase_family(database, tmp_path, center)
    family, child = center.get(Family, center.family), center.get(Student, center.child)
    assert family.field_clocks == child.field_clocks == {CREATED: ERASED_CLOCK}
    assert (family.parent1_first_name, child.first_name, child.has_iep, child.date_of_birth) == (
        "Erased", "Erased", None, None,
    )  # fmt: skip
    assert child.family_id == center.family
    alone, together = (
        center.get(ScheduleEntry, center.entries["alone"]),
        center.get(ScheduleEntry, center.entries["together"]),
    )
    assert (alone.notes, alone.hourly_price_cents, alone.archived_at) == ("", 8000, None)
    assert (together.notes, together.report_done) == ("", "Fractions with everyone")
    assert center.get(ScheduleEntry, center.entries["others"]).notes == "kept"
    assert center.get(Student, center.friend).first_name == "Elena"
    past = derived_id(center.entries["together"], center.child)
    assert center.get(Attendee, past).archived_at is None


def test_sessions_ahead_end_or_go_on_without_the_child(database: Database, tmp_path: Path) -> None:
    center = Center(database)
    erase_family(database, tmp_path, center)
    assert center.get(ScheduleEntry, center.entries["soon alone"]).archived_at is not None
    together = center.entries["soon together"]
    assert center.get(ScheduleEntry, together).archived_at is None
    assert center.get(Attendee, derived_id(together, center.child)).archived_at is not None
    assert center.get(Attendee, derived_id(together, center.friend)).archived_at is None


def test_the_history_keeps_that_something_happened_when_and_by_whom(database: Database, tmp_path: Path) -> None:
    center = Center(database)
    erase_family(database, tmp_path, center)
    with database.tenant(center.id, read_only=True) as session:
        told = session.scalars(
            select(AuditEntry).where(AuditEntry.row_id == center.family).order_by(AuditEntry.id)
        ).all()
        assert [one.action for one in told] == ["created", "changed", "erased"]
        assert told[1].changes == {"parent1_phone": [None, None]}
        notes = session.scalars(
            select(AuditEntry).where(AuditEntry.row_id == center.entries["others"], AuditEntry.action == "changed")
        ).all()
        assert [one.changes["notes"][1] for one in notes] == ["kept"]


def test_mail_that_waits_is_not_sent_any_more(database: Database, tmp_path: Path) -> None:
    center = Center(database)
    erase_family(database, tmp_path, center)
    with database.tenant(center.id, read_only=True) as session:
        mails = session.scalars(select(OutboxMail)).all()
    assert [(mail.recipient, mail.subject, mail.message, mail.due_at) for mail in mails] == [("", "", "", None)] * 3


def erase_family(database: Database, folder: Path, center: Center) -> None:
    erase_person(
        database, DiskStorage(folder / "files"), ErasureList(folder / "erasures.jsonl"), center.id,
        ErasedKind.FAMILY, center.family, now=NOW,
    )  # fmt: skip


def test_every_pc_forgets_by_an_ordinary_pull_and_no_late_edit_comes_through(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    center = Center(database)
    near, far = (signed_in(tmp_path / name, server, center.email) for name in ("near", "far"))
    with far.write() as session:
        # Offline, by a clock that is late, and by one far ahead of it within the bound.
        session.get_one(Family, (center.id, center.family)).notes = "Quentin called again"
        session.get_one(Student, (center.id, center.child)).allergies = "peanuts, Wilhelmina says"
        session.get_one(ScheduleEntry, (center.id, center.entries["alone"])).notes = "Wilhelmina was ill"
    assert ask(near, server, "family", center.family, "Quentin Abernathy").status_code == 200
    for store in (near, far, near, far):
        exchanged(store, server)
    for store in (near, far):
        with store.read() as session:
            family = session.get_one(Family, (center.id, center.family))
            child = session.get_one(Student, (center.id, center.child))
            entry = session.get_one(ScheduleEntry, (center.id, center.entries["alone"]))
        assert (family.notes, child.allergies, entry.notes) == ("", "", "")
        assert is_erased(family) and is_erased(child)
        assert store.unsent_count() == 0
        with store.engine.connect() as connection:
            for name in tenant_classes():
                for row in connection.execute(text(f'SELECT * FROM "{name}"')):
                    found = [secret for secret in SECRETS if secret.lower() in str(tuple(row)).lower()]
                    assert found == [], (name, found)
    assert [secret for secret in SECRETS if secret.lower() in center.everything().lower()] == []
    near.close()
    far.close()


def test_one_student_or_one_lead_can_be_erased_alone(database: Database, tmp_path: Path) -> None:
    center = Center(database)
    storage, done = DiskStorage(tmp_path / "files"), ErasureList(tmp_path / "erasures.jsonl")
    erase_person(database, storage, done, center.id, ErasedKind.LEAD, center.lead, now=NOW)
    assert center.get(Lead, center.lead).message == ""
    assert center.get(Student, center.child).first_name == "Wilhelmina"
    erase_person(database, storage, done, center.id, ErasedKind.STUDENT, center.child, now=NOW)
    assert center.get(Student, center.child).first_name == "Erased"
    assert center.get(Family, center.family).parent1_first_name == "Quentin"


def test_a_tutor_goes_with_photo_and_name_and_a_manager_keeps_the_name(database: Database, tmp_path: Path) -> None:
    center = Center(database)
    storage, done = DiskStorage(tmp_path / "files"), ErasureList(tmp_path / "erasures.jsonl")
    content = picture()
    sha256 = sha256_of(content)
    with database.tenant(center.id) as session:
        owner_id = str(session.scalars(select(UserRole.user_id).where(UserRole.role == Role.OWNER)).first())
        user = User(
            organization_id=center.id, id=new_id(), first_name="Zoé", last_name="Łukasz", email="zoe@x.example"
        )
        session.add(user)
        session.add(UserRole(organization_id=center.id, id=new_id(), user_id=user.id, role=Role.TUTOR))
        tutor = Tutor(organization_id=center.id, id=new_id(), user_id=user.id, photo_hash=sha256, bio="Paints")
        boss = Tutor(organization_id=center.id, id=new_id(), user_id=owner_id, bio="Teaches, too")
        off = TutorTimeOff(organization_id=center.id, id=new_id(), tutor_id=tutor.id, first_day=date(2026, 1, 1),
                           last_day=date(2026, 1, 2), reason="surgery")  # fmt: skip
        session.add_all([tutor, boss, off])
        session.add(Invitation(organization_id=center.id, user_id=user.id, email="zoe@x.example", invited_by=owner_id,
                               link_hash="x" + new_id(), created_at=NOW, sent_at=NOW, expires_at=NOW))  # fmt: skip
        keep_file_row(session, center.id, sha256, size_bytes=len(content), media_type=MediaType.PNG, name="zoe.png",
                      purpose=FilePurpose.PHOTO)  # fmt: skip
    device = DeviceIdentity(center.id, owner_id, new_id())
    files = FileDesk(database, storage, 10**9)
    files.receive(device, sha256, 0, content, sha256)
    files.complete(device, sha256, NOW)
    for tutor_id in (tutor.id, boss.id):
        erase_person(database, storage, done, center.id, ErasedKind.TUTOR, tutor_id, now=NOW)
    everything = center.everything()
    assert not [word for word in ("Zoé", "Łukasz", "zoe@", "Paints", "Teaches, too", "surgery", sha256, "zoe.png")
                if word in everything]  # fmt: skip
    assert center.get(User, owner_id).first_name == "Maya"
    assert not [found for found in (tmp_path / "files").rglob("*") if found.is_file()]
    with pytest.raises(FileError):
        files.find(device, sha256)
    # The same picture may come again: under a row of its own, as the first stays erased.
    with database.tenant(center.id) as session:
        again = keep_file_row(session, center.id, sha256, size_bytes=len(content), media_type=MediaType.PNG,
                              name="again.png", purpose=FilePurpose.PHOTO)  # fmt: skip
        assert again.sha256 == sha256
    with database.tenant(center.id, read_only=True) as session:
        assert len(session.scalars(select(StoredFile.id)).all()) == 2
    files.receive(device, sha256, 0, content, sha256)
    assert files.complete(device, sha256, NOW).size_bytes == len(content)


def account_for_tutor(database: Database, center_id: str, email: str, *others: str) -> tuple[str, str, str]:
    """A tutor with an account that has all that an account can have; its id, the tutor's and the device's.
    It belongs to the `others`, too."""
    account_id, user_id, tutor_id, device_id = (new_id() for _ in range(4))
    with database.tenant(center_id) as session:
        own = {"organization_id": center_id}
        session.add(User(**own, id=user_id, first_name="Zoé", last_name="Łukasz", email=email))
        session.add(UserRole(**own, id=new_id(), user_id=user_id, role=Role.TUTOR))
        session.add(Tutor(**own, id=tutor_id, user_id=user_id))
    with database.routing() as session:
        session.add(Account(id=account_id, email=email, password_hash=hash_password(PASSWORD)))
        session.flush()
        session.add_all(
            [
                *(Membership(account_id=account_id, organization_id=one, user_id=user_id)
                  for one in (center_id, *others)),
                Device(id=device_id, organization_id=center_id, account_id=account_id, user_id=user_id,
                       name="Zoé’s laptop", token_hash=new_id()),
                SecondFactor(account_id=account_id, secret="A2B3"),
                RecoveryCode(account_id=account_id, code_hash="x"),
                KnownPlace(account_id=account_id, place_hash="x", seen_at=NOW),
                LinkedIdentity(provider="school", subject=new_id(), account_id=account_id),
                PasswordReset(account_id=account_id, link_hash=new_id(), expires_at=NOW),
                WebSession(account_id=account_id, token_hash=new_id(), is_complete=True, name="Firefox", place="",
                           created_at=NOW, last_seen_at=NOW),
            ]
        )  # fmt: skip
    with database.tenant(SERVER_ITSELF) as session:
        session.add(OutboxMail(organization_id=SERVER_ITSELF, id=new_id(), created_at=NOW, recipient=email,
                               subject="Choose a new password", message="Zoé", sent_at=NOW))  # fmt: skip
    return account_id, tutor_id, device_id


def of_account(database: Database, account_id: str) -> str:
    """Everything that is kept of an account, as text."""
    with database.routing() as session:
        kinds = (Account, SecondFactor, RecoveryCode, KnownPlace, LinkedIdentity, PasswordReset, WebSession, Device)
        return "\n".join(
            str(row)
            for kind in kinds
            for row in session.execute(
                select(kind.__table__).where(
                    (kind.__table__.c.id if kind is Account else kind.__table__.c.account_id) == account_id
                )
            )
        )


def test_the_account_of_who_was_erased_opens_nothing_and_says_nothing(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    center = Center(database)
    email = f"zoe-{new_id()[-12:]}@x.example"
    account_id, tutor_id, device_id = account_for_tutor(database, center.id, email)
    storage, done = DiskStorage(tmp_path / "files"), ErasureList(tmp_path / "erasures.jsonl")
    erase_person(database, storage, done, center.id, ErasedKind.TUTOR, tutor_id, now=NOW)
    left = of_account(database, account_id)
    assert len(left.splitlines()) == 2, "the account and the PC, which has to learn that its access ended"
    assert not [word for word in (email, "Zoé", "argon2", "A2B3", "Firefox") if word in left]
    with database.routing() as session:
        assert session.get_one(Device, (device_id, center.id)).revoked_at == NOW
    with database.tenant(SERVER_ITSELF) as session:
        assert email not in session.scalars(select(OutboxMail.recipient)).all()
    words = {"email": email, "password": PASSWORD, "device_id": new_id(), "device_name": "x"}
    answer = httpx.post(f"{server.url}/api/v1/sign-in", json=words, trust_env=False, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_refused")
    erase_person(database, storage, done, center.id, ErasedKind.TUTOR, tutor_id, now=NOW)


def test_an_account_that_belongs_to_another_center_stays_there(database: Database, tmp_path: Path) -> None:
    center, other = Center(database), make_organization(database)
    email = f"zoe-{new_id()[-12:]}@x.example"
    account_id, tutor_id, device_id = account_for_tutor(database, center.id, email, other[0])
    storage, done = DiskStorage(tmp_path / "files"), ErasureList(tmp_path / "erasures.jsonl")
    erase_person(database, storage, done, center.id, ErasedKind.TUTOR, tutor_id, now=NOW)
    assert email in of_account(database, account_id)
    with database.routing() as session:
        assert session.get_one(Device, (device_id, center.id)).revoked_at == NOW


def test_a_restored_backup_forgets_again_and_erasing_twice_is_harmless(database: Database, tmp_path: Path) -> None:
    center = Center(database)
    storage, done = DiskStorage(tmp_path / "files"), ErasureList(tmp_path / "erasures.jsonl")
    erase_family(database, tmp_path, center)
    with database.tenant(center.id) as session:
        # As a backup from before would bring it back.
        session.connection().execute(
            text("UPDATE family SET parent1_first_name = 'Quentin', field_clocks = '{\"*\": \"01\"}' WHERE id = :id"),
            {"id": center.family},
        )
    listed = (tmp_path / "erasures.jsonl").read_text()
    assert "Quentin" not in listed
    assert erase_again(database, storage, done, center.id, NOW) == 1
    assert center.get(Family, center.family).parent1_first_name == "Erased"
    assert erase_again(database, storage, done, make_organization(database)[0], NOW) == 0


def test_only_the_owner_erases_and_only_with_the_name_typed(
    database: Database, server: LiveServer, tmp_path: Path
) -> None:
    center = Center(database)
    stranger = Center(database)
    store = signed_in(tmp_path / "desk", server, center.email)
    for typed in ("", "Quentin", "Ana Silva"):
        refused = ask(store, server, "family", center.family, typed)
        assert (refused.status_code, refused.json()["code"]) == (422, "not_confirmed")
    for kind, row_id in (("family", stranger.family), ("family", center.child), ("lead", new_id())):
        assert ask(store, server, kind, row_id, "Quentin Abernathy").status_code == 404
    headers = {"Authorization": f"Bearer {token_of(store)}"}
    seen = httpx.get(f"{server.url}/api/v1/erasures/family/{center.family}", headers=headers).json()
    assert (seen["name"], seen["was_erased"], seen["rows"]["student"]) == ("Quentin Abernathy", False, 1)
    with database.tenant(center.id) as session:
        for held in session.scalars(select(UserRole)):
            held.role = Role.ADMIN
    answer = ask(store, server, "family", center.family, "Quentin Abernathy")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert httpx.get(f"{server.url}/api/v1/erasures/family/{center.family}", headers=headers).status_code == 403
    assert center.get(Family, center.family).parent1_first_name == "Quentin"
    store.close()


def test_the_history_is_redacted_only_inside_the_own_organization_and_never_unseen(database: Database) -> None:
    first, second = Center(database), Center(database)
    statement = text("SELECT erase_from_audit('family', CAST(:ids AS uuid[]), NULL, NULL, NULL)")
    with database.tenant(second.id) as session:
        session.execute(statement, {"ids": [first.family]})
    with database.tenant(first.id, read_only=True) as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.row_id == first.family)).all()
    assert next(one.changes for one in told if one.action == "changed")["parent1_phone"][1] == "914-555-0202"
    assert "erased" not in {one.action for one in told}
    with database.tenant(second.id) as session:
        session.execute(statement, {"ids": [second.other]})
        assert "erased" in set(session.scalars(select(AuditEntry.action).where(AuditEntry.row_id == second.other)))
