"""What an import tells people about the lines it could not take, or took with a doubt."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One line of one file, counted as a text editor shows it (the first line is 1), and what is wrong."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


class UnreadableFile(Exception):
    """A file that cannot be read at all; the message is a sentence for the person who chose it."""
