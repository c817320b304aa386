"""HTTP endpoints of files: uploads in chunks that go on where they stopped, and files with ranges and thumbnails."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from sync_server.access.requests import DeviceOf
from sync_server.database import Database
from sync_server.files import public
from sync_server.files.content import CHUNK_BYTES, FileDesk, FileError, KeptFile, UploadState
from sync_server.files.storage import DiskStorage
from sync_server.settings import Settings

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOR_GOOD = "private, max-age=31536000, immutable"
_HARMLESS = {
    # Whatever the bytes pretend to be, no browser runs or frames them.
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}

router = APIRouter(prefix="/api/v1/files", tags=["files"])


class UploadAnswer(BaseModel):
    """How far an upload is."""

    received: int
    size_bytes: int
    complete: bool


class FileAnswer(BaseModel):
    """What a file turned out to be."""

    sha256: str
    size_bytes: int
    media_type: str


def add_files(app: FastAPI, settings: Settings, database: Database) -> FileDesk:
    """Let an application keep files in its data folder."""
    desk = FileDesk(database, DiskStorage(settings.data_folder / "files"), settings.file_quota_mb * 1024 * 1024)
    app.state.files = desk
    app.include_router(router)
    app.include_router(public.router)
    app.add_exception_handler(FileError, _refused)
    return desk


@router.get("/{sha256}/upload")
def upload_state(request: Request, device: DeviceOf, sha256: str) -> UploadAnswer:
    """How many bytes of this device's upload have arrived; 404 until the file's row has."""
    return _answer(_files(request).upload_state(device, sha256))


@router.put("/{sha256}/upload")
async def receive_chunk(
    request: Request,
    device: DeviceOf,
    sha256: str,
    offset: Annotated[int, Query(ge=0)],
    chunk_sha256: Annotated[str, Header(alias="X-Chunk-SHA256")] = "",
) -> UploadAnswer:
    """A chunk of at most 1 MB at an offset, with its own SHA-256. Sent twice it changes nothing."""
    if not _DIGEST.fullmatch(chunk_sha256):
        raise FileError(400, "bad_message", "A chunk comes with its SHA-256.")
    chunk = await _body(request)
    return _answer(await run_in_threadpool(_files(request).receive, device, sha256, offset, chunk, chunk_sha256))


@router.post("/{sha256}/complete")
def complete(request: Request, device: DeviceOf, sha256: str) -> FileAnswer:
    """Check what arrived by hash and content, and make it the file; otherwise 415 or 422, and it is forgotten."""
    kept = _files(request).complete(device, sha256, datetime.now(UTC))
    return FileAnswer(sha256=kept.key.sha256, size_bytes=kept.size_bytes, media_type=kept.media_type.value)


@router.get("/{sha256}")
@router.head("/{sha256}", include_in_schema=False)
def fetch(
    request: Request,
    device: DeviceOf,
    sha256: str,
    range: Annotated[str, Header(max_length=200)] = "",
    if_range: Annotated[str, Header(max_length=200)] = "",
    if_none_match: Annotated[str, Header(max_length=2000)] = "",
) -> Response:
    """A file, or a part of it (`Range: bytes=from-to`)."""
    files = _files(request)
    kept = files.find(device, sha256)
    etag = f'"{sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": _FOR_GOOD,
        "Content-Disposition": "attachment",
        **_HARMLESS,
    }
    if etag in if_none_match:
        return Response(status_code=304, headers=headers)
    span = _span(range, kept.size_bytes) if range and if_range in ("", etag) else None
    if span is not None and span[0] >= span[1]:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{kept.size_bytes}", **_HARMLESS})
    start, end = span or (0, kept.size_bytes)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{kept.size_bytes}"
    status = 206 if span is not None else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=_content_type(kept))
    return StreamingResponse(
        files.read(kept, start, end - start), status_code=status, headers=headers, media_type=_content_type(kept)
    )


@router.get("/{sha256}/thumbnail")
def thumbnail(
    request: Request,
    device: DeviceOf,
    sha256: str,
    size: Annotated[Literal["64", "256", "1024"], Query()] = "256",
    if_none_match: Annotated[str, Header(max_length=2000)] = "",
) -> Response:
    """A picture, no larger than `size` pixels on either side, as WebP without metadata."""
    files = _files(request)
    kept = files.find(device, sha256)
    etag = f'"{sha256}-{size}"'
    headers = {"ETag": etag, "Cache-Control": _FOR_GOOD, **_HARMLESS}
    if etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(files.thumbnail(kept, int(size)), headers=headers, media_type="image/webp")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FileError)
    answer: dict[str, str | int] = {"code": error.code, "detail": str(error)}
    if error.received is not None:
        answer["received"] = error.received
    return JSONResponse(answer, error.status)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > CHUNK_BYTES:
            raise FileError(413, "too_large", "A chunk has at most 1 MB.")
        parts.append(part)
    if size == 0:
        raise FileError(400, "bad_message", "A chunk has at least one byte.")
    return b"".join(parts)


def _span(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of a single range; an empty span when it cannot be met; None for what is
    not understood, which means the whole file (RFC 9110)."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        return max(0, size - int(found[2])), size
    start = int(found[1])
    end = min(size, int(found[2]) + 1) if found[2] else size
    if found[2] and int(found[2]) < start:
        return None
    return start, end


def _content_type(kept: KeptFile) -> str:
    return kept.media_type.value + ("; charset=utf-8" if kept.media_type.value.startswith("text/") else "")


def _answer(state: UploadState) -> UploadAnswer:
    return UploadAnswer(received=state.received, size_bytes=state.size_bytes, complete=state.is_complete)


def _files(request: Request) -> FileDesk:
    desk: FileDesk = request.app.state.files
    return desk
