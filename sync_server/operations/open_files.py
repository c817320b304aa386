"""How many files the server may have open: each connection is one, those of watching desks for hours."""

from __future__ import annotations

from contextlib import suppress


def allow_open_files() -> None:
    """Take as many as the system lets this process have: the usual limit is a thousand."""
    try:
        import resource
    except ImportError:  # Windows counts otherwise
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_open_files() -> int | None:
    """How many a process may have at most; None where that has no end, or is counted otherwise."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if most == resource.RLIM_INFINITY else most
