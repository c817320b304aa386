"""Everything that is not code: icons, fonts, theme tokens, seed data, mail and site templates.

A package, so that an installed program finds its files wherever it was installed.
"""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """The file or folder ``name`` (forward slashes, relative to this package)."""
    return _ROOT / name
