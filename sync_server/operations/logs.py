"""Structured logs: one JSON object per line unless a person watches the terminal, and nothing about families in it.

Our own lines name organizations, devices and rows by id alone. What others write, PostgreSQL's errors above all,
quotes values; such words are taken out of every line, whoever wrote it.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

_QUOTING = re.compile(r"\s*(?:DETAIL:|CONTEXT:|HINT:|LINE \d+:|\[SQL:|\[parameters:|\(Background on).*", re.DOTALL)
_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|(?<!\w)'[^'\n]*'(?!\w)")
_NAME_OF_OURS = re.compile(r"[\"“'][a-z0-9]+(?:_[a-z0-9]+)+[\"”']")
_PHONE = re.compile(r"(?<![\w-])(?:\+\d{7,15}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])")
_FRAMES = 12


def configure_logs(*, as_json: bool | None = None, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all logs of this process, also those of libraries, to `stream` (standard error): as JSON unless it is a
    terminal."""
    out = stream or sys.stderr
    if as_json is None:
        as_json = not out.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_personal_data,
            _render_json if as_json else structlog.dev.ConsoleRenderer(colors=out.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_IntoStructlog()]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True


def without_personal_data(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Describe an exception without the values it speaks of, and take such values out of every text."""
    error = event.pop("exc_info", None)
    if error:
        found = _exception_of(error)
        if found is not None:
            event["exception"] = describe(found)
    for name, value in event.items():
        if isinstance(value, str) and name not in ("timestamp", "level"):
            event[name] = redacted(value)
        elif isinstance(value, BaseException):
            event[name] = f"{type(value).__name__}: {redacted(str(value))}"
    return event


def redacted(words: str) -> str:
    """The words without quoted values, addresses and numbers of people; names of constraints and columns stay."""
    if "\n" in words or ":" in words:
        words = _QUOTING.sub("", words)
    if "@" in words:
        words = _EMAIL.sub("[e-mail]", words)
    if '"' in words or "'" in words or "“" in words:
        words = _QUOTED.sub(lambda found: found[0] if _NAME_OF_OURS.fullmatch(found[0]) else "[…]", words)
    return _PHONE.sub("[phone]", words)


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as plain values: what kind, the redacted words, where, and what caused it."""
    described: dict[str, Any] = {
        "kind": f"{type(error).__module__}.{type(error).__qualname__}",
        "words": redacted(str(error))[:500],
        "frames": [
            f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        ],
    }
    for name in ("sqlstate", "constraint_name"):
        value = getattr(getattr(error, "orig", error), name, None) or getattr(
            getattr(getattr(error, "orig", error), "diag", None), name, None
        )
        if value:
            described[name] = value
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        described["cause"] = describe(cause)
    return described


class _IntoStructlog(logging.Handler):
    """Lets libraries that use the standard logging speak through ours."""

    def emit(self, record: logging.LogRecord) -> None:
        details: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            details["exc_info"] = record.exc_info[1]
        structlog.get_logger().log(max(record.levelno, logging.DEBUG), record.getMessage(), **details)


def _exception_of(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1]


def _render_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return orjson.dumps(dict(event), default=str).decode()
