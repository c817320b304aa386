"""The right side of the entry form: how many sessions, what they cost, which of them are in conflict with what, and
one button for each way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from desktop import theme
from desktop.schedule.entry_form_check import FlagGroup, Outlook
from desktop.schedule.entry_form_choices import EntryChoices
from desktop.widgets import Button, CheckBox, Glyph, Kind, Label, Line, Paragraph, Tag, Tone, painting
from shared_models.schedule.conflicts import ConflictTag
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.flags import EntryFlag
from shared_models.schedule.settlements import (
    MONTHS,
    ConflictGroup,
    Settlement,
    day_list,
    days_words,
    long_day,
    sentence,
    weekday_counts,
)

_FLAG_WORDS = {
    EntryFlag.OVER_CAPACITY: ("Capacity", "users", "More students than places"),
    EntryFlag.OUTSIDE_OPENING_HOURS: ("Hours", "clock", "Outside opening hours"),
    EntryFlag.ON_CLOSURE: ("Closed", "calendar-off", "The location is closed"),
    EntryFlag.TUTOR_UNAVAILABLE: ("Tutor", "clock", "Outside the tutor's hours"),
    EntryFlag.TUTOR_TIME_OFF: ("Tutor", "calendar-off", "The tutor has time off"),
    EntryFlag.TUTOR_NOT_AT_LOCATION: ("Tutor", "map-pin", "Does not teach at this location"),
    EntryFlag.TUTOR_NOT_TEACHING_SUBJECT: ("Tutor", "book-open", "Does not teach this topic"),
}
_MANY_DAYS = 12
EVERY_OTHER_WEEK = 2


class SessionStrip(QWidget):
    """A stroke for each session and each closed day: red and tall where it overlaps, amber where it is too tight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strokes: list[tuple[date, str]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_outlook(self, outlook: Outlook) -> None:
        """Show the sessions of an outlook."""
        marks = outlook.marks or {}
        strokes = [
            (planned.day, {ConflictTag.OVERLAP: "overlap", ConflictTag.BUFFER: "buffer"}[marks[planned.entry_id]])
            if planned.entry_id in marks
            else (planned.day, "free")
            for planned in outlook.plan.sessions
        ]
        strokes += [(day, "closed") for day in outlook.plan.closed_days]
        self._strokes = sorted(strokes)
        self.setVisible(len(self._strokes) > 1)
        hit = sum(kind in ("overlap", "buffer") for _, kind in self._strokes)
        self.setAccessibleName(f"{len(outlook.plan.sessions)} sessions, {hit} in conflict")
        self.update()

    def sizeHint(self) -> QSize:
        t = theme.current()
        return QSize(t.px(200), t.px(42))

    def _step(self) -> float:
        return self.width() / max(1, len(self._strokes))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.current()
        c = t.color
        looks: dict[str, tuple[QColor, int]] = {
            "overlap": (c.danger_line, 22),
            "buffer": (c.warn_line, 16),
            "free": (c.accent_line, 16),
            "closed": (c.line_strong, 8),
        }
        painter = painting.painter_for(self)
        step, base = self._step(), t.px(22)
        gap = min(t.px(2), step / 4)
        width = min(step - gap, t.px(12))
        for index, (_, kind) in enumerate(self._strokes):
            color, height = looks[kind]
            bar = QRectF(index * step, base - t.px(height), width, t.px(height))
            painting.box(painter, bar, min(1.0, width / 2), color)
        free_from, month = 0.0, 0
        for index, (day, _) in enumerate(self._strokes):
            if day.month == month:
                continue
            month = day.month
            words = MONTHS[month - 1]
            needed = painting.text_width(words, "small")
            left = min(index * step, self.width() - needed)
            if left >= free_from:
                room = QRectF(left, t.px(26), needed + 2, t.px(16))
                painting.text(painter, room, words, "small", c.text2)
                free_from = left + needed + t.px(6)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._strokes:
            index = min(len(self._strokes) - 1, int(event.pos().x() / self._step()))
            day, kind = self._strokes[index]
            words = {"overlap": "overlaps", "buffer": "too tight", "free": "free", "closed": "closed, left out"}
            QToolTip.showText(event.globalPos(), f"{long_day(day)}: {words[kind]}", self)
            return True
        return super().event(event)


class OutlookView(QWidget):
    """Everything that comes of a draft. `draftTaken` carries the draft to which a button leads."""

    draftTaken = Signal(object)

    def __init__(self, choices: EntryChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        t = theme.current()
        self._choices = choices
        self._outlook: Outlook | None = None
        self._shown: object = None
        self._ways: list[list[Settlement]] = []
        self._halves: tuple[str, ...] = ()
        self._keeps_open = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QVBoxLayout()
        head.setContentsMargins(t.px(16), t.px(14), t.px(16), t.px(12))
        head.setSpacing(0)
        top = QHBoxLayout()
        top.setSpacing(t.px(8))
        self.count = Label("", "section")
        top.addWidget(self.count)
        top.addStretch(1)
        self.price = Tag("")
        top.addWidget(self.price)
        head.addLayout(top)
        self.days = Paragraph("", tone="text2")
        head.addWidget(self.days)
        self.strip = SessionStrip()
        head.addSpacing(t.px(10))
        head.addWidget(self.strip)
        column.addLayout(head)
        self._sections = QVBoxLayout()
        self._sections.setContentsMargins(0, 0, 0, 0)
        self._sections.setSpacing(0)
        column.addLayout(self._sections)
        column.addStretch(1)

    def show_outlook(self, outlook: Outlook) -> None:
        """Show what comes of a draft; ways out that are still to be found come with `show_ways`."""
        if self._outlook is None or self._outlook.draft != outlook.draft:
            self._halves = ()
        self._outlook = outlook
        self._ways = []
        count = len(outlook.plan.sessions)
        self.count.setText("1 session" if count == 1 else f"{count} sessions")
        self.price.set_words(self._choices.money(outlook.price_cents))
        self.price.setVisible(bool(count and outlook.draft.service_id))
        self.days.set_text(outlook.problem or weekday_counts(outlook.plan))
        self.days.set_tone("danger" if outlook.problem else "text2")
        self.strip.set_outlook(outlook)
        self._rebuild()

    def show_ways(self, ways: list[list[Settlement]]) -> None:
        """Show the ways out of each group of the outlook."""
        self._ways = ways
        self._rebuild()

    def show_halves(self, halves: Sequence[str]) -> None:
        """Show who could have the empty weeks of a place that is used every other week."""
        self._halves = tuple(halves)
        self._rebuild()

    def _rebuild(self) -> None:
        outlook = self._outlook
        assert outlook is not None
        draft = outlook.draft
        wanted = (
            outlook.groups, outlook.flags, outlook.plan.closed_days, draft.kept_days, draft.skipped_days,
            tuple(draft.changes.items()), [[way.words for way in ways] for ways in self._ways],
            self._halves, draft.interval_weeks,
            self._keeps_open, outlook.problem, len(outlook.plan.sessions), draft.tutor_id, draft.room_ids,
        )  # fmt: skip
        if wanted == self._shown:
            return
        self._shown = wanted
        self._clear()
        for index, group in enumerate(outlook.groups):
            ways = self._ways[index] if index < len(self._ways) else []
            self._add(self._conflict_section(group, ways))
        for flag in outlook.flags:
            self._add(self._flag_section(flag))
        if draft.interval_weeks > 1 and not self._choices.biweekly_allowed:
            self._add(_not_allowed_section(draft.interval_weeks))
        if self._halves:
            self._add(self._halves_section())
        if outlook.plan.closed_days or draft.kept_days:
            self._add(self._closed_section(outlook))
        if draft.changes:
            self._add(self._changes_section(draft))
        if draft.skipped_days:
            self._add(self._skipped_section(draft))
        if not outlook.groups and outlook.plan.sessions and (draft.tutor_id or draft.room_ids or draft.student_ids):
            self._add(self._free_section(draft, len(outlook.plan.sessions)))

    def _conflict_section(self, group: ConflictGroup, ways: Sequence[Settlement]) -> QWidget:
        is_overlap = group.tag is ConflictTag.OVERLAP
        tag = Tag(
            group.kind_words,
            Tone.DANGER if is_overlap else Tone.WARN,
            "triangle-alert" if is_overlap else "clock",
        )
        section = _Section(tag, group.heading, days_words(group.days), sentence(group))
        for way in ways:
            section.add_button(way.words, lambda way=way: self._take(way.draft))
        return section

    def _flag_section(self, group: FlagGroup) -> QWidget:
        word, icon, words = _FLAG_WORDS[group.flag]
        outlook = self._outlook
        assert outlook is not None
        everything = len(group.days) == len(outlook.plan.sessions)
        days = "" if everything else days_words(group.days)
        if group.flag is EntryFlag.OVER_CAPACITY:
            words = f"{len(outlook.draft.student_ids)} students, capacity {outlook.draft.capacity}"
        elif group.flag is EntryFlag.ON_CLOSURE:
            reasons = {self._choices.closure_reason(outlook.draft.location_id, day) for day in group.days}
            words = ", ".join(sorted(reason for reason in reasons if reason)) or words
        return _Section(Tag(word, Tone.NEUTRAL, icon), words, days)

    def _closed_section(self, outlook: Outlook) -> QWidget:
        closed, draft = outlook.plan.closed_days, outlook.draft
        count = len(closed)
        heading = f"{count} day{'' if count == 1 else 's'} left out" if count else "Kept although closed"
        listed = day_list(closed) if count <= _MANY_DAYS else days_words(closed)
        section = _Section(Tag("Closed", Tone.NEUTRAL, "calendar-off"), heading, "", listed)
        section.add_link("Done" if self._keeps_open else "Keep some", self._toggle_keeping)
        if self._keeps_open:
            for day in sorted({*closed, *draft.kept_days}):
                reason = self._choices.closure_reason(draft.location_id, day)
                box = CheckBox(f"{long_day(day)}{': ' + reason if reason else ''}", day in draft.kept_days)
                box.toggled.connect(lambda on, day=day: self._keep(day, on))
                section.add_widget(box)
        return section

    def _halves_section(self) -> QWidget:
        listed = "\n".join(f"{half} (every other week)" for half in self._halves)
        return _Section(Tag("Every other week", Tone.ACCENT, "repeat"), "The empty weeks fit", "", listed)

    def _changes_section(self, draft: EntryDraft) -> QWidget:
        days = sorted(draft.changes)
        section = _Section(Tag("Moved", Tone.ACCENT, "move"), "Differ from the rest", days_words(days))
        section.add_link("Put back", lambda: self._take(replace(draft, changes={})))
        return section

    def _skipped_section(self, draft: EntryDraft) -> QWidget:
        days = sorted(draft.skipped_days)
        listed = day_list(days) if len(days) <= _MANY_DAYS else ""
        section = _Section(Tag("Left out", Tone.NEUTRAL, "calendar-x"), days_words(days), "", listed)
        section.add_link("Put back", lambda: self._take(replace(draft, skipped_days=frozenset())))
        return section

    def _free_section(self, draft: EntryDraft, count: int) -> QWidget:
        parts = [
            word
            for word, given in (
                ("tutor", draft.tutor_id),
                ("room", draft.room_ids),
                ("students" if len(draft.student_ids) > 1 else "student", draft.student_ids),
            )
            if given
        ]
        words = " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
        verb = "are" if len(parts) > 1 or words == "students" else "is"
        holder = QWidget()
        t = theme.current()
        row = QHBoxLayout(holder)
        row.setContentsMargins(t.px(16), t.px(11), t.px(16), t.px(12))
        row.setSpacing(t.px(8))
        row.addWidget(Glyph("circle-check", "ok", 18), 0, Qt.AlignmentFlag.AlignTop)
        often = " every time" if count > 1 else ""
        row.addWidget(Paragraph(f"{words.capitalize()} {verb} free{often}.", tone="ok"), 1)
        return holder

    def _toggle_keeping(self) -> None:
        self._keeps_open = not self._keeps_open
        self._rebuild()

    def _keep(self, day: date, keeps: bool) -> None:
        if self._outlook is not None:
            draft = self._outlook.draft
            kept = draft.kept_days | {day} if keeps else draft.kept_days - {day}
            self._take(replace(draft, kept_days=kept))

    def _take(self, draft: EntryDraft) -> None:
        self.draftTaken.emit(draft)

    def _add(self, section: QWidget) -> None:
        self._sections.addWidget(Line())
        self._sections.addWidget(section)

    def _clear(self) -> None:
        while self._sections.count():
            item = self._sections.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()


def _not_allowed_section(weeks: int) -> QWidget:
    """A place that is not used every week costs the center money: an organization may rule it out (product §4)."""
    often = "Every other week" if weeks == EVERY_OTHER_WEEK else f"Every {weeks} weeks"
    return _Section(
        Tag("Rule", Tone.NEUTRAL, "calendar-off"), f"{often} is not allowed", "",
        "The rules of the organization leave it out. You can save it all the same.",
    )  # fmt: skip


class _Section(QWidget):
    """A tag with a name and days, a sentence below, then buttons."""

    def __init__(self, tag: Tag, heading: str, right: str = "", text: str = "") -> None:
        super().__init__()
        t = theme.current()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(t.px(16), t.px(11), t.px(16), t.px(12))
        self._column.setSpacing(t.px(5))
        self._top = QHBoxLayout()
        self._top.setSpacing(t.px(7))
        self._top.addWidget(tag)
        self._top.addWidget(Label(heading, "body_strong", elide=True), 1)
        if right:
            self._top.addWidget(Label(right, "small", "text2"))
        self._column.addLayout(self._top)
        if text:
            self._column.addWidget(Paragraph(text, tone="text2"))
        self.setAccessibleName(". ".join(part for part in (heading, right, text) if part))

    def add_button(self, words: str, slot: object) -> None:
        """A way out, as a green button on a line of its own."""
        button = Button(words, Kind.SOFT, small=True, on_click=slot)  # type: ignore[arg-type]
        self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def add_link(self, words: str, slot: object) -> None:
        """A quiet action at the right of the heading."""
        self._top.addWidget(Button(words, Kind.LINK, small=True, on_click=slot))  # type: ignore[arg-type]

    def add_widget(self, widget: QWidget) -> None:
        """Anything else, below."""
        self._column.addWidget(widget)
