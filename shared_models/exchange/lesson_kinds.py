"""Which service a calendar's lesson is, judged by what a desk would go by: its title, how many students it has, its
subject and their grades."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shared_models.catalog.models import Level, ProductType, ServiceFormat
from shared_models.people.contact import name_key

_WORDS: tuple[tuple[ServiceFormat, frozenset[str]], ...] = (
    (ServiceFormat.CAMP, frozenset({"camp", "camps"})),
    (ServiceFormat.WORKSHOP, frozenset({"workshop", "workshops"})),
    (ServiceFormat.GROUP, frozenset({"class", "classes", "group", "club", "course"})),
)
_TESTS = frozenset({"sat", "act", "psat", "isee", "ssat", "shsat", "regents", "ap", "test"})
_ASSESSMENT = frozenset({"assessment", "assessments", "evaluation"})
_LEVEL_WORDS = {
    "elementary": Level.ELEMENTARY,
    "primary": Level.ELEMENTARY,
    "middle": Level.MIDDLE,
    "high": Level.HIGH,
}
_PART_OF_A_ROW = re.compile(r"\s*[,(–-]?\s*\b(?:week|day|session|part)\s*\d+\)?$", re.IGNORECASE)
_LARGEST_SEMI_PRIVATE = 3
_PRODUCT_OF = {
    ServiceFormat.CAMP: ProductType.CAMP,
    ServiceFormat.WORKSHOP: ProductType.WORKSHOP,
    ServiceFormat.GROUP: ProductType.CLASS,
}


@dataclass(frozen=True, slots=True)
class LessonKind:
    """The code of a standard service and, for a class, workshop or camp with a name, its product."""

    service_code: str
    product_type: ProductType | None = None
    product_name: str = ""


def lesson_kind(
    title: str, subject_name: str, grades: Sequence[str], student_count: int, offered: Sequence[str]
) -> LessonKind:
    """The service of a lesson.

    ``offered`` are the codes offered at the location, in the order of the catalog: they decide the level where
    neither title nor grades do.
    """
    words = set(name_key(title).split())
    setting = next((kind for kind, named in _WORDS if words & named), None)
    if setting is None and words & _ASSESSMENT:
        return LessonKind("ASSESSMENT")
    is_test_prep = name_key(subject_name) == "test prep" or (setting is not None and bool(words & _TESTS))
    if setting is None:
        setting = ServiceFormat.PRIVATE
        if student_count > 1:
            setting = ServiceFormat.SEMI_PRIVATE
        if student_count > _LARGEST_SEMI_PRIVATE:
            setting = ServiceFormat.GROUP
    prefix = setting.value.upper()
    level: Level | None = Level.TEST_PREP if is_test_prep else _level(words, grades)
    if level is None:
        codes = [code for code in offered if code.startswith(f"{prefix}_")]
        code = codes[0] if codes else f"{prefix}_{Level.ELEMENTARY.value.upper()}"
    else:
        code = f"{prefix}_{level.value.upper()}"
    is_named = any(words & named for _, named in _WORDS)
    if not is_named:
        return LessonKind(code)
    return LessonKind(code, _PRODUCT_OF[setting], _PART_OF_A_ROW.sub("", title).strip() or title)


def level_of_grade(grade: str) -> Level | None:
    """Elementary to grade 5, middle to 8, high to 12."""
    if name_key(grade) in ("k", "pre k", "prek"):
        return Level.ELEMENTARY
    if not (grade.isascii() and grade.isdigit()):
        return None
    number = int(grade)
    if number <= 5:
        return Level.ELEMENTARY
    return Level.MIDDLE if number <= 8 else Level.HIGH if number <= 12 else None


def _level(words: set[str], grades: Sequence[str]) -> Level | None:
    """The level named in the title, else that of most students, the lower of two that are even."""
    for word, named in _LEVEL_WORDS.items():
        if word in words:
            return named
    counted = Counter(level for grade in grades if (level := level_of_grade(grade)) is not None)
    if not counted:
        return None
    order = list(Level)
    return min(counted, key=lambda level: (-counted[level], order.index(level)))
