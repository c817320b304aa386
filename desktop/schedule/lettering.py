"""The calendar's fonts: measures and prepares each text once, since a week shows a thousand of them per paint."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QFont, QFontMetricsF, QStaticText, QTransform

from desktop import theme
from desktop.schedule.layout import Metrics
from desktop.schedule.time_axis import HourHeights
from desktop.schedule.wording import TextMetrics, TextRole

_STYLES = {
    TextRole.TITLE: "micro_strong",
    TextRole.LINE: "micro",
    TextRole.ROOMY_TITLE: "small_strong",
    TextRole.ROOMY_LINE: "small",
    TextRole.HEADING: "section",
    TextRole.SUBHEADING: "body_strong",
    TextRole.COUNT: "small",
    TextRole.PILL: "small_medium",
    TextRole.HOUR: "micro",
    TextRole.NOW: "micro_strong",
    TextRole.TAG: "small_medium",
    TextRole.FOLDED: "micro_strong",
}
_TABULAR = {TextRole.HOUR, TextRole.NOW}
_KEPT_TEXTS = 6000


class Lettering:
    """Fonts, widths and prepared texts for one theme scale."""

    def __init__(self) -> None:
        self._fonts: dict[TextRole, QFont] = {}
        self._metrics: dict[TextRole, QFontMetricsF] = {}
        self._widths: dict[tuple[str, TextRole], float] = {}
        self._texts: dict[tuple[str, TextRole], QStaticText] = {}
        self._heights: dict[TextRole, float] = {}
        for role, style in _STYLES.items():
            font = theme.font(style, tabular=role in _TABULAR)
            if role is TextRole.LINE:
                font.setWeight(QFont.Weight.Normal)
            self._fonts[role] = font
            metrics = self._metrics[role] = QFontMetricsF(font)
            self._heights[role] = metrics.ascent() + metrics.descent()

    def font(self, role: TextRole) -> QFont:
        """The font of a role."""
        return self._fonts[role]

    def measure(self, text: str, role: TextRole) -> float:
        """Width of a text in px; remembered, as names and rooms come back every week."""
        key = (text, role)
        width = self._widths.get(key)
        if width is None:
            if len(self._widths) > 4 * _KEPT_TEXTS:
                self._widths.clear()
            width = self._widths[key] = self._metrics[role].horizontalAdvance(text)
        return width

    def height(self, role: TextRole) -> float:
        """Height of the glyphs' line, without leading."""
        return self._heights[role]

    def strike_height(self, role: TextRole) -> float:
        """Where a line through the text lies, below the top of the glyphs' line."""
        return self._metrics[role].ascent() - self._metrics[role].strikeOutPos()

    def prepared(self, text: str, role: TextRole) -> QStaticText:
        """The text laid out for painting."""
        key = (text, role)
        static = self._texts.get(key)
        if static is None:
            if len(self._texts) > _KEPT_TEXTS:
                self._texts.clear()
            static = QStaticText(text)
            static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            static.prepare(QTransform(), self._fonts[role])
            self._texts[key] = static
        return static


@lru_cache(maxsize=4)
def _lettering(scale: float) -> Lettering:
    return Lettering()


def lettering() -> Lettering:
    """The lettering for the theme in force."""
    return _lettering(theme.current().scale)


@lru_cache(maxsize=4)
def metrics_for(scale: float) -> Metrics:
    """The layout's lengths at a text scale; the numbers are the design's px at 100 %."""

    def px(length: float) -> float:
        return length * scale

    compact = TextMetrics(
        title=TextRole.TITLE, line=TextRole.LINE, line_height=px(14), top=px(3), left=px(9), right=px(4),
        narrow_below=px(70), narrow_left=px(8), narrow_right=px(1), low_badge_below=px(84), badge=px(14),
        badge_inset=px(3), icon=px(13), gap=px(3),
    )  # fmt: skip
    roomy = TextMetrics(
        title=TextRole.ROOMY_TITLE, line=TextRole.ROOMY_LINE, line_height=px(16), top=px(5), left=px(11),
        right=px(5), narrow_below=px(92), narrow_left=px(9), narrow_right=px(3), low_badge_below=px(84),
        badge=px(14), badge_inset=px(3), icon=px(13), gap=px(3),
    )  # fmt: skip
    return Metrics(
        gutter=round(px(48)), week_header=round(px(42)), day_header=round(px(48)), folded_column=round(px(44)),
        column_left=px(4), column_right=px(6), box_gap=round(px(2)), least_lane=px(34), least_column=px(84),
        least_box=px(18), edge_grip=px(5), heading_inset=px(10), tag=px(31), pill_padding=px(18),
        hours=HourHeights(comfortable=px(62), least=px(48), quiet_least=px(36), folded=px(18)),
        compact=compact, roomy=roomy,
    )  # fmt: skip


def metrics() -> Metrics:
    """The layout's lengths for the theme in force."""
    return metrics_for(theme.current().scale)
