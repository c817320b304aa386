"""The one stylesheet of the program: only what Qt's own widgets need; ours paint themselves from the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QPalette

if TYPE_CHECKING:
    from desktop.theme import Theme


def stylesheet(theme: Theme) -> str:
    """The sheet for ``theme``; every length comes from the theme's scale."""
    c, px = theme.color, theme.px
    names = {key: getattr(c, key).name() for key in c.__slots__}
    tones = "".join(
        f'QLabel[tone="{tone}"]{{color:{names[tone]}}}'
        for tone in (
            "text",
            "text2",
            "text3",
            "accent",
            "danger",
            "warn",
            "ok",
            "info",
            "accent_soft_text",
            "danger_soft_text",
            "warn_soft_text",
            "ok_soft_text",
            "info_soft_text",
        )
    )
    field = "QLineEdit,QPlainTextEdit,QTextEdit"
    return (
        "QAbstractScrollArea{border:0;background:transparent}"
        f"{field}{{background:{names['surface']};color:{names['text']};"
        f"placeholder-text-color:{names['text3']};border:1px solid {names['control']};"
        f"border-radius:{px(6)}px;padding:0 {px(9)}px}}"
        f"QPlainTextEdit,QTextEdit{{padding:{px(4)}px {px(6)}px}}"
        f"QLineEdit:focus,QPlainTextEdit:focus,QTextEdit:focus{{border-color:{names['text']}}}"
        f'QLineEdit[invalid="true"],QPlainTextEdit[invalid="true"]{{border-color:{names["danger_line"]}}}'
        f'QLineEdit:disabled,QPlainTextEdit:disabled,QLineEdit[readOnly="true"],QPlainTextEdit[readOnly="true"]'
        f"{{background:{names['sunken']};border-color:{names['sunken']};color:{names['text2']}}}"
        f'QLineEdit[lens="true"]{{padding-left:{px(2)}px;border-color:{names["line_strong"]}}}'
        f'QLineEdit[lens="true"]:focus{{border-color:{names["text"]}}}'
        'QLineEdit[bare="true"],QLineEdit[bare="true"]:focus{border:0;padding:0;background:transparent}'
        f"{tones}"
        f"QMenu{{background:{names['surface']};border:1px solid {names['line_strong']};"
        f"border-radius:{px(8)}px;padding:{px(4)}px}}"
        f"QMenu::item{{padding:{px(6)}px {px(22)}px {px(6)}px {px(8)}px;border-radius:{px(4)}px;"
        f"color:{names['text']}}}"
        f"QMenu::icon{{padding-left:{px(8)}px}}QMenu::item:selected{{background:{names['hover']}}}"
        f"QMenu::item:disabled{{color:{names['text_disabled']}}}"
        f"QMenu::separator{{height:1px;background:{names['line']};margin:{px(4)}px {px(8)}px}}"
        f"QToolTip{{background:{names['text']};color:{names['surface']};border:0;padding:{px(4)}px {px(8)}px}}"
        "QTableView,QListView,QTreeView,QHeaderView{background:transparent;border:0;outline:0}"
        f"QHeaderView::section{{background:transparent;color:{names['text2']};border:0;"
        f"border-bottom:1px solid {names['line']};padding:0 {px(8)}px}}"
        f"QHeaderView::section:first{{padding-left:{px(16)}px}}"
        f"QHeaderView::section:last{{padding-right:{px(16)}px}}"
        f"QScrollBar{{background:transparent;border:0;margin:0}}"
        f"QScrollBar:vertical{{width:{px(10)}px}}QScrollBar:horizontal{{height:{px(10)}px}}"
        f"QScrollBar::handle{{background:{names['line_strong']};border-radius:{px(3)}px;margin:{px(2)}px;"
        f"min-height:{px(32)}px;min-width:{px(32)}px}}QScrollBar::handle:hover{{background:{names['control']}}}"
        "QScrollBar::add-line,QScrollBar::sub-line{width:0;height:0}"
        "QScrollBar::add-page,QScrollBar::sub-page{background:transparent}"
        f"QSplitter::handle{{background:{names['line']}}}"
    )


def palette(theme: Theme) -> QPalette:
    """The same colors for what Qt draws without the sheet."""
    c = theme.color
    built = QPalette()
    role = QPalette.ColorRole
    pairs: tuple[tuple[QPalette.ColorRole, QColor], ...] = (
        (role.Window, c.canvas), (role.WindowText, c.text), (role.Base, c.surface), (role.AlternateBase, c.canvas),
        (role.Text, c.text), (role.Button, c.surface), (role.ButtonText, c.text), (role.BrightText, c.on_accent),
        (role.Highlight, c.accent), (role.HighlightedText, c.on_accent), (role.Link, c.accent),
        (role.LinkVisited, c.accent), (role.ToolTipBase, c.text), (role.ToolTipText, c.surface),
        (role.PlaceholderText, c.text3), (role.Light, c.surface), (role.Midlight, c.line), (role.Mid, c.line_strong),
        (role.Dark, c.control), (role.Shadow, c.text), (role.Accent, c.accent),
    )  # fmt: skip
    for color_role, color in pairs:
        built.setColor(color_role, color)
    for color_role in (role.WindowText, role.Text, role.ButtonText):
        built.setColor(QPalette.ColorGroup.Disabled, color_role, c.text_disabled)
    return built
