"""What can be wrong with a request about the schedule, each with a sentence for the person."""


class ScheduleError(Exception):
    """Something about the schedule could not be done; the text says what, for the person."""


class NoSuchEntry(ScheduleError):
    """The entry is not there (any more)."""

    def __init__(self, entry_id: str) -> None:
        super().__init__("This entry is not there any more. Another PC may have removed it.")
        self.entry_id = entry_id


class UnusableDraft(ScheduleError):
    """The draft stands for no session at all, or for none that can be kept."""


class NoSuchConflict(ScheduleError):
    """The two entries do not conflict in the way that was to be accepted."""

    def __init__(self) -> None:
        super().__init__("These two entries are no longer in conflict. There is nothing left to accept.")


class NotAllowedNow(ScheduleError):
    """The entry's life does not allow this (product §4, "Lifecycle"); the text says why and what to do."""


class NothingToExtend(ScheduleError):
    """A series without a single live session, from which another one could be made."""

    def __init__(self, series_id: str) -> None:
        super().__init__("This series has no session left. Restore one, or schedule a new series.")
        self.series_id = series_id
