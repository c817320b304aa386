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
