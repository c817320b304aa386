"""Carries what the transfers say to the UI thread as Qt signals."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Refusals(QObject):
    """`said` with the sentence of a file that the server does not take; emitted from the transfers' thread, heard in
    the thread this object lives in."""

    said = Signal(str)
