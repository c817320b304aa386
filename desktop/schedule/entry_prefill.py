"""What a new entry begins with: the place on the calendar or the person it was asked for, and the rules of the center
for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from desktop.schedule.entry_form_choices import EntryChoices
from shared_models.schedule.drafts import EntryDraft
from shared_models.schedule.times import minutes_of, next_on_grid, time_of, wall_clock_of

_USUAL_GRID_MINUTES, _USUAL_MINUTES = 15, 60
_LATEST_START = 23 * 60


@dataclass(frozen=True, slots=True)
class EntryPrefill:
    """What is known when a new entry begins: where somebody dragged on the calendar, or for whom. All optional."""

    location_id: str | None = None
    service_id: str | None = None
    subject_id: str | None = None
    topic_id: str | None = None
    tutor_id: str | None = None
    room_ids: tuple[str, ...] = ()
    student_ids: tuple[str, ...] = ()
    day: date | None = None
    start: time | None = None
    duration_minutes: int | None = None

    def draft(self, choices: EntryChoices, now: datetime) -> EntryDraft:
        """A draft that holds all of this; what is not known is the first of the person's choices, and the next line
        of its grid after ``now`` (an instant)."""
        wanted = self.location_id or self._home(choices)
        places = [key for key, _ in choices.locations]
        location_id = wanted if wanted in places else next(iter(places), "")
        terms = choices.terms.get(location_id)
        local = wall_clock_of(now, terms.zone) if terms is not None else now
        start = self.start
        if start is None:
            grid = terms.grid_minutes if terms is not None else _USUAL_GRID_MINUTES
            start = time_of(min(next_on_grid(minutes_of(local.time()) + 1, grid), _LATEST_START))
        service = choices.service(location_id, self.service_id or "")
        durations = choices.durations_minutes or (_USUAL_MINUTES,)
        return EntryDraft(
            location_id=location_id,
            capacity=max(service.capacity if service is not None else 1, len(self.student_ids)),
            service_id=self.service_id or "",
            subject_id=self.subject_id,
            topic_id=self.topic_id,
            tutor_id=self.tutor_id,
            student_ids=self.student_ids,
            room_ids=self.room_ids if wanted in (location_id, None) else (),
            first_day=self.day or local.date(),
            start=start,
            duration_minutes=self.duration_minutes or durations[0],
        )

    def _home(self, choices: EntryChoices) -> str | None:
        """Where the students belong."""
        students = map(choices.students.get, self.student_ids)
        return next((student.location_id for student in students if student is not None), None)
