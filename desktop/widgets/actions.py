"""Actions: everything that can be done is a QAction with words, icon and shortcut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from desktop import theme


def make_action(
    parent: QWidget,
    text: str,
    slot: Callable[[], object],
    *,
    icon: str | None = None,
    shortcut: str | Sequence[str] = "",
    helper: str = "",
) -> QAction:
    """A QAction with words, icon and shortcut that works while ``parent`` is on screen; put into its actions.

    Args:
        shortcut: one key sequence, or several of which the first is shown.
        helper: a sentence for the F1 overlay and the tooltip.
    """
    action = QAction(text, parent)
    if icon:
        action.setIcon(theme.icon(icon))
        action.setProperty("iconName", icon)
    keys = [shortcut] if isinstance(shortcut, str) else list(shortcut)
    if keys and keys[0]:
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    if helper:
        action.setStatusTip(helper)
    action.triggered.connect(lambda _=False: slot())
    parent.addAction(action)
    return action


def allow(action: QAction, why_not: str = "") -> None:
    """Switch an action on or, with a reason, off; its buttons and menu entries tell the reason as tooltip."""
    action.setEnabled(not why_not)
    action.setProperty("whyNot", why_not)
    action.setToolTip(why_not or action.text())


def action_icon(action: QAction) -> str | None:
    """The name of the icon of an action made by `make_action`."""
    name = action.property("iconName")
    return str(name) if name else None
