"""The rounds in which the pictures are taken: a theme, a size of the window and a scale of the screen each."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = ((1440, 900), (1366, 768))
SCALED_SCREEN = (1920, 1080)
SCALES = (1.25, 1.5)


@dataclass(frozen=True, slots=True)
class Round:
    """What one process takes: a theme, a window's size in logical pixels, and a scale of the whole screen."""

    theme: str
    size: tuple[int, int]
    scale: float = 1.0

    @property
    def name(self) -> str:
        """What the names of its pictures end with: theme, size in pixels of the screen, scale if there is one."""
        width, height = (round(length * self.scale) for length in self.size)
        mark = "" if self.scale == 1.0 else f"-at-{round(self.scale * 100)}"
        return f"{self.theme}-{width}x{height}{mark}"


def rounds() -> list[Round]:
    """Everything that is taken: all screens in both themes and sizes, the densest ones also on a scaled screen."""
    width, height = SCALED_SCREEN
    places = [(size, 1.0) for size in SIZES]
    places += [((round(width / scale), round(height / scale)), scale) for scale in SCALES]
    return [Round(theme, size, scale) for size, scale in places for theme in ("light", "dark")]
