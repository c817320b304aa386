"""The panel "You may know them" beside the entry form: up to three leads or families, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop import theme
from desktop.leads.known_people import Acquaintance, KnownFamily, KnownLead
from desktop.leads.wording import STAGE_WORDS
from desktop.schedule.entry_words import title_words
from desktop.widgets import painting
from desktop.widgets.buttons import Button, Kind
from desktop.widgets.labels import Glyph, Label, Paragraph
from shared_models.leads.duplicates import Likeness
from shared_models.people.contact import format_phone
from shared_models.people.search import PersonKind, phone_digits

MOST = 3


class AcquaintancePanel(QWidget):
    """Up to three cards. `chosen` carries the number of the card whose button was pressed."""

    chosen = Signal(int)

    def __init__(self, zone: tzinfo, country: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self._zone, self._country = zone, country
        self.shown: list[Acquaintance] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(t.px(17), t.px(16), t.px(16), t.px(16))
        column.setSpacing(t.px(9))
        column.addWidget(Label("You may know them", "body_strong"))
        self.nobody = Paragraph("", "body", "text3")
        column.addWidget(self.nobody)
        self.cards = [AcquaintanceCard(number) for number in range(MOST)]
        for card in self.cards:
            card.button.clicked.connect(lambda _=False, number=card.number: self.chosen.emit(number))
            column.addWidget(card)
        column.addStretch(1)
        self.show_people([], "", used_family="", typed_any=False)

    def show_people(
        self,
        people: Sequence[Acquaintance],
        typed_phone: str,
        *,
        used_family: str,
        typed_any: bool,
        now: datetime | None = None,
    ) -> None:
        """Show who may be meant; ``used_family`` is the family the lead is linked to already."""
        self.shown = list(people[:MOST])
        words = (
            "Nobody with this name, number or e-mail yet."
            if typed_any
            else ("Leads and families with the same name, number or e-mail show here while you type.")
        )
        self.nobody.set_text(words)
        self.nobody.setVisible(not self.shown)
        for card in self.cards:
            if card.number < len(self.shown):
                one = self.shown[card.number]
                card.show_one(
                    one, typed_phone, self._zone, self._country, is_used=one.known.id == used_family, now=now
                )
            card.setVisible(card.number < len(self.shown))

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(358), theme.current().px(486))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        painter.fillRect(self.rect(), t.color.canvas)
        painter.fillRect(QRectF(0, 0, 1, self.height()), t.color.line)
        painter.end()


class AcquaintanceCard(QWidget):
    """What is known of one of them, and a button that opens or uses it."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self.number = number
        self._is_likely = False
        column = QVBoxLayout(self)
        column.setContentsMargins(t.px(12), t.px(10), t.px(12), t.px(11))
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setSpacing(t.px(6))
        self._glyph = Glyph("user-round-plus", "text2", 16)
        head.addWidget(self._glyph)
        self.kind = Label("", "small", "text2", elide=True)
        head.addWidget(self.kind, 1)
        column.addLayout(head)
        column.addSpacing(t.px(3))
        self.name = Label("", "body_strong", elide=True)
        self.phone = MarkedLine()
        self.detail = Label("", "body", "text2", elide=True)
        for label in (self.name, self.phone, self.detail):
            column.addWidget(label)
        column.addSpacing(t.px(8))
        row = QHBoxLayout()
        row.setSpacing(t.px(8))
        self.button = Button("Open", small=True)
        row.addWidget(self.button)
        self.key = Label(f"Alt {number + 1}", "small", "text3")
        row.addWidget(self.key)
        row.addStretch(1)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_one(
        self, one: Acquaintance, typed_phone: str, zone: tzinfo, country: str, *, is_used: bool, now: datetime | None
    ) -> None:
        """Show one of them."""
        sure = one.match.likeness in (Likeness.SAME_PHONE, Likeness.SAME_EMAIL)
        self._is_likely = (sure and self.number == 0) or is_used
        known = one.known
        self.name.setText(known.name or "No name")
        phone = format_phone(one.match.phone or known.phone, country)
        marked = _marked_length(phone, typed_phone) if one.match.phone else 0
        after = ""
        if one.match.phone:
            after = ", the same number" if one.match.phone_is_whole else ", the same so far"
        if isinstance(known, KnownLead):
            self._glyph.set_icon("user-round-plus")
            self.kind.setText(f"Lead, {STAGE_WORDS[known.stage]}")
            self.phone.set_words(phone, marked, after or _email_words(one))
            self.detail.setText(_lead_detail(known, zone, now))
            self.button.setText("Open this lead" if self._is_likely else "Open")
        else:
            self._glyph.set_icon("users-round")
            since = f" since {known.registered_on:%B %Y}" if known.registered_on else ""
            self.kind.setText(f"Family{since}")
            place = f", {known.city}" if known.city and not after else ""
            self.phone.set_words(phone, marked, after or _email_words(one) or place)
            self.detail.setText(_children_words(known))
            self.button.setText("Linked to this lead" if is_used else "Use this family")
            self.button.setEnabled(not is_used)
        if one.match.person.kind is PersonKind.LEAD:
            self.button.setEnabled(True)
        self.phone.setVisible(bool(phone or after))
        self.detail.setVisible(bool(self.detail.text()))
        self.button.kind = Kind.PRIMARY if self._is_likely and not is_used else Kind.SECONDARY
        self.button.setAccessibleName(f"{self.button.text()}: {known.name}")
        self.button.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        line, width = (t.color.accent, 2.0) if self._is_likely else (t.color.line_strong, 1.0)
        painting.box(painter, QRectF(self.rect()), t.size.radius_card, t.color.surface, line, width)
        painter.end()


class MarkedLine(QWidget):
    """A phone number with the digits marked that were typed, and words after it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words, self._marked, self._after = "", 0, ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_words(self, words: str, marked: int, after: str) -> None:
        """Show ``words``, its first ``marked`` characters highlighted, then ``after``."""
        self._words, self._marked, self._after = words, marked, after
        self.setAccessibleName(words + after)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.current().px(120), theme.current().px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        painter = painting.painter_for(self)
        rect = QRectF(self.rect())
        if self._marked:
            width = painting.text_width(self._words[: self._marked], "body")
            mark = QRectF(rect.topLeft() + QPointF(0, t.px(1)), rect.bottomRight() - QPointF(0, t.px(1)))
            mark.setWidth(width + 1)
            painting.box(painter, mark, t.px(2), t.color.highlight)
            painting.text(painter, rect, self._words[: self._marked], "body", t.color.on_highlight)
            rect.setLeft(rect.x() + width)
        rest = self._words[self._marked :] + self._after
        painting.text(painter, rect, rest, "body", t.color.text2, Qt.AlignmentFlag.AlignLeft)
        painter.end()


def _marked_length(shown: str, typed: str) -> int:
    """How many characters of the number shown are covered by the digits typed."""
    wanted = len(phone_digits(typed))
    skipped = len("".join(char for char in shown if char.isdigit())) - len(phone_digits(shown))
    seen = -max(skipped, 0)
    for index, char in enumerate(shown):
        seen += char.isdigit()
        if seen == wanted:
            return index + 1
    return len(shown)


def _email_words(one: Acquaintance) -> str:
    return ", the same e-mail" if one.match.likeness is Likeness.SAME_EMAIL else ""


def _lead_detail(known: KnownLead, zone: tzinfo, now: datetime | None) -> str:
    created = known.created_at.astimezone(zone)
    year = f", {created.year}" if now is not None and created.year != now.astimezone(zone).year else ""
    since = f"since {created:%B} {created.day}{year}"
    wanted = title_words(known.wanted)[0] if known.wanted else ""
    child = known.child.split()[0] if known.child else ""
    what = f"{wanted} for {child}" if wanted and child else wanted or (f"for {child}" if child else "")
    return f"{what}, {since}" if what else since[:1].upper() + since[1:]


def _children_words(known: KnownFamily) -> str:
    if not known.children:
        return ""
    if len(known.children) > 1:
        return ", ".join(first for first, _, _ in known.children)
    first, grade, location = known.children[0]
    place = location.removesuffix(" Office")
    return ", ".join(part for part in (first, f"grade {grade}" if grade else "", place) if part)
