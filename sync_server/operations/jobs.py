"""Durable jobs on the same PostgreSQL, by procrastinate: mail, upkeep and nightly backups.

A job is a row that commits together with what caused it. A worker that dies leaves its jobs marked as its own; others
see that its heartbeat ended and take them up again. So a job may run twice, and each is written to take effect once.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import procrastinate
import psycopg
import structlog
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker

from sync_server.database import APP_ROLE, Database
from sync_server.mail import MailSender, MailTransport
from sync_server.mail_models import MAIL_QUEUE, SEND_MAIL
from sync_server.operations import metrics
from sync_server.operations.upkeep import run_upkeep

if TYPE_CHECKING:
    from sync_server.files.storage import FileStorage
    from sync_server.operations.backups import BackupFolder

UPKEEP_QUEUE = "upkeep"
CONCURRENCY = 4
STALLED_SECONDS = 30.0
"""A worker that has not said for so long that it lives is taken for dead."""

_GRACE_SECONDS = 20.0
_RESTART_SECONDS = 5.0
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS, _ATTEMPTS = 5.0, 3600.0, 60

_RESCUE = """
UPDATE procrastinate_jobs AS job SET status = 'todo', attempts = job.attempts + 1, worker_id = NULL
WHERE job.status = 'doing' AND NOT EXISTS (
    SELECT FROM procrastinate_workers AS worker
    WHERE worker.id = job.worker_id AND worker.last_heartbeat >= now() - %(seconds)s * interval '1 second'
)
RETURNING job.id
"""

_log = structlog.get_logger(__name__)


class TryAgain(Exception):
    """A job could not be done now and shall run again after a while."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"again in {wait}")
        self.wait = wait


class _Again(BaseRetryStrategy):
    """When a job asked for it, then; otherwise later and later, as what is broken is the database or our code."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, TryAgain):
            return RetryDecision(retry_at=datetime.now(UTC) + exception.wait)
        if job.attempts >= _ATTEMPTS:
            return None
        seconds = min(_FIRST_WAIT_SECONDS * 2 ** min(job.attempts, 20), _LONGEST_WAIT_SECONDS)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=seconds))


class JobWorker:
    """Runs jobs on a thread and an event loop of its own until it is stopped."""

    def __init__(
        self,
        database: Database,
        *,
        url: str = "",
        transport: MailTransport | None = None,
        backups: BackupFolder | None = None,
        storage: FileStorage | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        """`url` is a direct address of the database, as a pooler between would lose notifications. Without a
        `transport` mail waits in its queue, and without a `storage` no file is freed."""
        self._database = database
        self._url = url or database.url
        self._transport = transport
        self._stalled_seconds = stalled_seconds
        self.app = _app(self._url, database, transport, backups, storage, now)
        self._queues = [UPKEEP_QUEUE, *([MAIL_QUEUE] if transport is not None else [])]
        self._is_stopping = threading.Event()
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: Worker | None = None
        self._running: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin, with what waits already."""
        self._thread.start()

    def stop(self) -> None:
        """Take no new job, finish those in hand, and return."""
        self._is_stopping.set()
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._end)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_GRACE_SECONDS + 10)

    def run(self) -> None:
        """Run on the calling thread until `stop` is called from another or from a signal's handler."""
        self._thread = threading.current_thread()
        self._run()

    def _run(self) -> None:
        factory: Callable[[], asyncio.AbstractEventLoop] = (
            asyncio.SelectorEventLoop if sys.platform == "win32" else asyncio.new_event_loop
        )
        with asyncio.Runner(loop_factory=factory) as runner:
            with self._lock:
                self._loop = runner.get_loop()
            runner.run(self._work())

    async def _work(self) -> None:
        while not self._is_stopping.is_set():
            self._running = asyncio.ensure_future(self._work_once())
            try:
                await self._running
            except asyncio.CancelledError:
                if self._is_stopping.is_set():
                    return
                raise
            except Exception as error:
                # The database is away: mail and the rest wait in it.
                _log.warning("jobs cannot be read", exc_info=error)
            if not self._is_stopping.is_set():
                self._running = asyncio.ensure_future(asyncio.sleep(_RESTART_SECONDS))
                try:
                    await self._running
                except asyncio.CancelledError:
                    return

    async def _work_once(self) -> None:
        async with self.app.open_async():
            self._worker = Worker(
                self.app,
                queues=self._queues,
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                shutdown_graceful_timeout=_GRACE_SECONDS,
                delete_jobs=DeleteJobCondition.SUCCESSFUL,
                update_heartbeat_interval=self._stalled_seconds / 3,
                stalled_worker_timeout=self._stalled_seconds,
                worker_middleware=[_counted],
            )
            rescue = asyncio.ensure_future(self._rescue())
            try:
                if not self._is_stopping.is_set():
                    await self._worker.run()  # type: ignore[no-untyped-call]
            finally:
                self._worker = None
                rescue.cancel()
                await asyncio.gather(rescue, return_exceptions=True)

    async def _rescue(self) -> None:
        """Take up again what dead workers had in hand; each statement is atomic, so that any number may try."""
        while True:
            try:
                rescued = await self.app.connector.execute_query_all_async(_RESCUE, seconds=self._stalled_seconds)
                if rescued:
                    _log.warning("jobs of a dead worker are taken up again", jobs=len(rescued))
            except procrastinate.exceptions.ConnectorException as error:
                _log.warning("dead workers cannot be looked for", exc_info=error)
            await asyncio.sleep(self._stalled_seconds / 2)

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]
        elif self._running is not None:
            self._running.cancel()


def _app(
    url: str,
    database: Database,
    transport: MailTransport | None,
    backups: BackupFolder | None,
    storage: FileStorage | None,
    now: Callable[[], datetime],
) -> procrastinate.App:
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=url, min_size=1, max_size=CONCURRENCY + 1, configure=_become_app_role, timeout=10.0
        )
    )
    again = _Again()

    @app.task(name=SEND_MAIL, queue=MAIL_QUEUE, retry=again)
    def send_mail(organization_id: str, mail_id: str) -> None:
        assert transport is not None, "only a worker with a way out reads this queue"
        wait = MailSender(database, transport, now).deliver(organization_id, mail_id)
        if wait is not None:
            raise TryAgain(wait)

    @app.periodic(cron="7 * * * *")
    @app.task(name="upkeep", queue=UPKEEP_QUEUE, lock="upkeep", retry=again)
    def upkeep(timestamp: int) -> None:
        run_upkeep(database, datetime.fromtimestamp(timestamp, UTC), storage)

    if backups is not None:

        @app.task(name="back_up", queue=UPKEEP_QUEUE, retry=again)
        def back_up(organization_id: str, day: str) -> None:
            backups.back_up(database, organization_id, day)

        @app.periodic(cron="30 2 * * *")
        @app.task(name="back_up_all", queue=UPKEEP_QUEUE, lock="back_up_all", retry=again)
        def back_up_all(timestamp: int) -> None:
            day = datetime.fromtimestamp(timestamp, UTC).date().isoformat()
            for organization_id in backups.due(database, day):
                defer(database, UPKEEP_QUEUE, "back_up", organization_id=organization_id, day=day)
            backups.clear_old()

    return app


def defer(database: Database, queue: str, task: str, **arguments: str) -> None:
    """Put a job into its queue, in a transaction of its own."""
    from sync_server.mail_models import defer_statement

    with database.routing() as session:
        session.connection().execute(*defer_statement(queue, task, arguments))


async def _counted(call_next: Callable[[], Any], context: Any, _worker: Worker) -> Any:
    task = context.job.task_name
    with structlog.contextvars.bound_contextvars(
        job_id=context.job.id, **{k: v for k, v in context.job.task_kwargs.items() if k == "organization_id"}
    ):
        try:
            result = await call_next()
        except TryAgain:
            metrics.JOBS_DONE.labels(task, "again").inc()
            raise
        except BaseException as error:
            metrics.JOBS_DONE.labels(task, "broke").inc()
            _log.error("job broke", task=task, attempts=context.job.attempts, exc_info=error)
            raise
        metrics.JOBS_DONE.labels(task, "done").inc()
        return result


async def _become_app_role(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute(f"SET ROLE {APP_ROLE}")
    await connection.commit()
