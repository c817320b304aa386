"""The web application: sync, accounts and the public websites of all tenants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.pool import QueuePool
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

import sync_server.access.pages_account as account_pages
import sync_server.access.pages_entry as entry_pages
import sync_server.access.pages_invitation as invitation_pages
import sync_server.access.pages_openid as openid_pages
import sync_server.access.people_routes as people_routes
import sync_server.access.routes as access_routes
import sync_server.sync.audit as sync_audit
import sync_server.sync.history as sync_history
import sync_server.sync.routes as sync_routes
from shared_models.clock import clock_from
from sync_server.access.pages_common import add_page_answers
from sync_server.access.requests import add_refusals
from sync_server.booking.routes import add_promises
from sync_server.database import Database
from sync_server.files.routes import add_files
from sync_server.files.storage import DiskStorage
from sync_server.mail import transport_of
from sync_server.operations.backups import BackupFolder
from sync_server.operations.draining import Draining
from sync_server.operations.jobs import JobWorker
from sync_server.operations.metrics import exposition, is_allowed
from sync_server.operations.readiness import Readiness
from sync_server.operations.requests import RequestScope
from sync_server.operations.standing import AwayPages, Standing
from sync_server.people.routes import add_erasures
from sync_server.settings import Settings
from sync_server.sync.described import describe_sync
from sync_server.website.routes import add_website


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The application over a migrated database; the caller closes the database."""
    now = clock_from(settings.moment)
    draining = Draining()
    standing = Standing(database)
    readiness = Readiness(database.url, draining)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = worker_of(settings, database) if settings.runs_worker else None
        if worker is not None:
            worker.start()
        yield
        draining.begin()
        if worker is not None:
            await asyncio.to_thread(worker.stop)
        await asyncio.to_thread(readiness.close)

    app = FastAPI(title="iTutorOS server", lifespan=lifespan, docs_url="/api/docs", openapi_url="/api/openapi.json")
    app.state.settings = settings
    app.state.database = database
    add_refusals(app)
    add_page_answers(app)

    # What ends with the server (streams of events), and what knows of suspended organizations, ask here.
    app.state.draining = draining
    app.state.standing = standing

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Answers while the process lives; whether it can do its work is asked at /ready."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        """200 while requests are welcome, 503 with the reason otherwise."""
        answer = await run_in_threadpool(readiness.now)
        words = {"status": "ready" if answer.is_ready else "not ready", "reason": answer.reason}
        return JSONResponse(words, 200 if answer.is_ready else 503, {"Cache-Control": "no-store"})

    @app.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        """Figures for who shows the token; nobody else learns that they are here."""
        if not is_allowed(request.headers.get("authorization", ""), settings.metrics_token):
            return JSONResponse({"detail": "Not Found"}, 404)
        return Response(exposition(database), media_type=CONTENT_TYPE_LATEST)

    app.include_router(access_routes.router)
    app.include_router(people_routes.router)
    app.include_router(entry_pages.router)
    app.include_router(invitation_pages.router)
    app.include_router(openid_pages.router)
    app.include_router(account_pages.router)
    app.include_router(sync_routes.router)
    app.include_router(sync_history.router)
    app.include_router(sync_audit.router)
    add_files(app, settings, database)
    add_erasures(app, settings)
    add_promises(app)
    describe_sync(app)
    # Last: a slug matches whatever path the routes above left over.
    add_website(
        app,
        database,
        base_url=settings.site_url,
        mail_sender=settings.mail.sender,
        now=now,
    )
    app.add_middleware(AwayPages, standing=standing)
    # Outermost: every answer, also that of the layers above, carries the request's id.
    app.add_middleware(RequestScope, draining=draining, connections_used=lambda: _connections_used(database))
    return app


def worker_of(settings: Settings, database: Database) -> JobWorker:
    """The worker of a server's jobs, as its settings want it."""
    return JobWorker(
        database,
        url=settings.direct_database_url,
        transport=transport_of(settings.mail),
        backups=backups_of(settings),
        storage=DiskStorage(settings.data_folder / "files"),
        now=clock_from(settings.moment),
    )


def backups_of(settings: Settings) -> BackupFolder | None:
    """Where backups of each organization go at night, if the host wants any."""
    if settings.backup_folder is None:
        return None
    return BackupFolder(settings.backup_folder, settings.backup_days, settings.data_folder / "files")


def _connections_used(database: Database) -> int:
    pool = database.engine.pool
    return pool.checkedout() if isinstance(pool, QueuePool) else 0
