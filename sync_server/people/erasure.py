"""Erases people on the server (product §9): rows, the values in the audit history, mails to them, files, accounts;
and keeps a list of what was erased beside the database, so that a restored backup can be made to forget again."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session

from shared_models.access.models import User
from shared_models.base import derived_id
from shared_models.leads.models import Lead
from shared_models.privacy.erasure import PLANS, ErasedKind, Erasure, ErasurePlan, erase
from sync_server.access.forgetting import forget_user
from sync_server.access.letters import SERVER_ITSELF
from sync_server.access.models import Invitation
from sync_server.database import SERVER_ACTOR, Actor, Database, allocate_sequence
from sync_server.files.models import FileContent
from sync_server.files.storage import FileKey, FileStorage
from sync_server.mail_models import OutboxMail

log = structlog.get_logger()

_LETTERS = ("lead confirmation", "lead notice")
"""Mails about a lead: their ids derive from these words and the lead's id."""


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """One erasure that was done: ids alone, nothing of who it was."""

    organization_id: str
    kind: str
    row_id: str
    erased_at: str


class ErasureList:
    """What was erased, one line each, in a file beside the database and its backups."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, one: ErasedPerson) -> None:
        """Note an erasure, durably."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(one)) + "\n")
            out.flush()
            os.fsync(out.fileno())

    def of(self, organization_id: str) -> list[ErasedPerson]:
        """What was erased of an organization, in order."""
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [one for line in lines if (one := ErasedPerson(**json.loads(line))).organization_id == organization_id]


def plan_for(database: Database, organization_id: str, kind: ErasedKind, row_id: str, now: datetime) -> ErasurePlan:
    """What an erasure would forget. Raises LookupError."""
    with database.tenant(organization_id, read_only=True) as session:
        return PLANS[kind](session, organization_id, row_id, now)


def erase_person(
    database: Database,
    storage: FileStorage,
    done: ErasureList,
    organization_id: str,
    kind: ErasedKind,
    row_id: str,
    *,
    now: datetime,
    actor: Actor = SERVER_ACTOR,
) -> ErasurePlan:
    """Forget somebody for good, in one transaction; files go after it. Done again it forgets what has come since.

    Raises LookupError when there is no such row.
    """
    with database.tenant(organization_id, actor) as session:
        # Writers of one organization take turns, so that nothing that a push brings meanwhile is overlooked.
        allocate_sequence(session, organization_id, 0)
        plan = PLANS[kind](session, organization_id, row_id, now)
        erasure = erase(session, organization_id, plan, now=now, allocate=allocate_sequence)
        _redact(session, actor, erasure)
        about = [derived_id(words, row_id) for row_id in plan.rows.get(Lead.__tablename__, ()) for words in _LETTERS]
        _forget_mail(session, organization_id, plan.emails, about)
        users = plan.rows.get(User.__tablename__, ())
        addresses = {forget_user(session, organization_id, user_id, now) for user_id in users} - {None}
        _forget_invitations(session, organization_id, plan, now)
        session.execute(
            delete(FileContent).where(
                FileContent.organization_id == organization_id, FileContent.sha256.in_(plan.file_hashes)
            )
        )
    if addresses:
        # What the server itself wrote to the account lies behind a wall of its own.
        with database.tenant(SERVER_ITSELF) as session:
            _forget_mail(session, SERVER_ITSELF, {address for address in addresses if address is not None})
    done.add(ErasedPerson(organization_id, kind.value, row_id, now.isoformat()))
    for sha256 in plan.file_hashes:
        storage.remove(FileKey(organization_id, sha256))
    log.info("erased", organization_id=organization_id, kind=kind.value, row_id=row_id, user_id=actor.user_id)
    return plan


def erase_again(
    database: Database, storage: FileStorage, done: ErasureList, organization_id: str, now: datetime
) -> int:
    """After a backup was restored: forget once more what had been erased since; returns how many."""
    count = 0
    for kind, row_id in _distinct(done.of(organization_id)):
        try:
            erase_person(database, storage, done, organization_id, kind, row_id, now=now)
        except LookupError:
            continue
        count += 1
    return count


def _distinct(erased: Iterable[ErasedPerson]) -> Sequence[tuple[ErasedKind, str]]:
    return list(dict.fromkeys((ErasedKind(one.kind), one.row_id) for one in erased))


def _redact(session: Session, actor: Actor, erasure: Erasure) -> None:
    """Take the values out of the audit history; that something changed, when and by whom, stays."""
    for table, ids in erasure.rows.items():
        _redact_rows(session, actor, table, ids, None)
    for table, texts in erasure.texts.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for row_id, names in texts.items():
            alike.setdefault(names, []).append(row_id)
        for names, same in alike.items():
            _redact_rows(session, actor, table, same, names)


def _redact_rows(session: Session, actor: Actor, table: str, ids: Sequence[str], names: Sequence[str] | None) -> None:
    session.execute(
        text("SELECT erase_from_audit(:table, CAST(:ids AS uuid[]), CAST(:names AS text[]), :user, :device)"),
        {
            "table": table,
            "ids": list(ids),
            "names": None if names is None else list(names),
            "user": actor.user_id,
            "device": actor.device_id,
        },
    )


def _forget_invitations(session: Session, organization_id: str, plan: ErasurePlan, now: datetime) -> None:
    """Empty the invitations of users who are erased; one that is open ends."""
    for invitation in session.scalars(
        select(Invitation).where(
            Invitation.organization_id == organization_id,
            Invitation.user_id.in_(plan.rows.get(User.__tablename__, ())),
        )
    ):
        invitation.email = ""
        if invitation.accepted_at is None:
            invitation.withdrawn_at = invitation.withdrawn_at or now


def _forget_mail(
    session: Session, organization_id: str, emails: Collection[str], about: Collection[str] = ()
) -> None:
    """Empty the mails to somebody, and those `about` them by id; those that wait are not sent any more."""
    for mail in session.scalars(
        select(OutboxMail).where(
            OutboxMail.organization_id == organization_id,
            or_(OutboxMail.id.in_(about), func.lower(OutboxMail.recipient).in_(sorted(emails))),
        )
    ):
        mail.recipient = mail.subject = mail.message = mail.failure = ""
        mail.due_at = None
