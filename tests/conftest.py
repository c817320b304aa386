"""What every test shares: no window ever reaches a screen, and a slow machine is no failure."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile("itutoros", deadline=None)
settings.load_profile("itutoros")
