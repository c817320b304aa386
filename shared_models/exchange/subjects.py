"""Subjects and topics as people write them, "Math - Algebra I", "Test Prep: SAT" or only "SAT", and finding the
catalog's rows for them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared_models.exchange.values import split_list
from shared_models.people.contact import name_key, one_spaced

_PARENTHESIS = re.compile(r"\s*\([^)]*\)\s*$")


@dataclass(frozen=True, slots=True)
class SubjectWords:
    """What a file says about a subject: its words in order, one (a subject or a topic) or two (both)."""

    first: str
    second: str = ""

    def __str__(self) -> str:
        return f"{self.first} - {self.second}" if self.second else self.first


@dataclass(frozen=True, slots=True)
class SubjectFound:
    """Ids of a subject and, unless the whole subject is meant, of a topic."""

    subject_id: str
    topic_id: str | None = None


def parse_subject(text: str) -> SubjectWords | None:
    """“Math - Algebra I” or “Math: Algebra I” as two words, anything else as one, empty as None."""
    typed = one_spaced(text)
    if not typed:
        return None
    for separator in (": ", " - ", " – ", " / "):
        first, found, second = typed.partition(separator)
        if found and first.strip() and second.strip() and "(" not in first:
            return SubjectWords(first.strip(), second.strip())
    return SubjectWords(typed)


def parse_subjects(text: str) -> tuple[SubjectWords, ...]:
    """Several subjects in one cell, separated by semicolons."""
    return tuple(words for part in split_list(text) if (words := parse_subject(part)) is not None)


@dataclass(slots=True)
class SubjectCatalog:
    """The subjects and topics of an organization, found by name without regard to case and accents."""

    subject_ids: dict[str, str] = field(default_factory=dict)
    topic_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_topic: dict[str, list[SubjectFound]] = field(default_factory=dict)

    @classmethod
    def of(cls, subjects: Iterable[tuple[str, str]], topics: Iterable[tuple[str, str, str]]) -> "SubjectCatalog":
        """From (subject id, name) and (topic id, subject id, name), in the order of the catalog."""
        catalog = cls()
        for subject_id, name in subjects:
            catalog.subject_ids.setdefault(name_key(name), subject_id)
        for topic_id, subject_id, name in topics:
            for key in dict.fromkeys((name_key(name), name_key(_PARENTHESIS.sub("", name)))):
                if (subject_id, key) not in catalog.topic_ids:
                    catalog.topic_ids[subject_id, key] = topic_id
                    catalog._by_topic.setdefault(key, []).append(SubjectFound(subject_id, topic_id))
        return catalog

    def find(self, words: SubjectWords | None) -> SubjectFound | None:
        """The subject and topic meant, None when the catalog has neither.

        A topic that several subjects share ("Economics") means the first of them unless the subject is named.
        """
        if words is None:
            return None
        subject_id = self.subject_ids.get(name_key(words.first))
        if words.second:
            if subject_id is not None:
                topic_key = name_key(words.second)
                topic_id = self.topic_ids.get((subject_id, topic_key)) or self.topic_ids.get(
                    (subject_id, name_key(_PARENTHESIS.sub("", words.second)))
                )
                return SubjectFound(subject_id, topic_id)
            return self._topic(words.second)
        return SubjectFound(subject_id) if subject_id is not None else self._topic(words.first)

    def _topic(self, text: str) -> SubjectFound | None:
        found = self._by_topic.get(name_key(text)) or self._by_topic.get(name_key(_PARENTHESIS.sub("", text)))
        return found[0] if found else None
