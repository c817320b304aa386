"""Where the packed program starts; installed with pip, the command `itutoros` does the same."""

from __future__ import annotations

import sys

from desktop.main import main

if __name__ == "__main__":
    sys.exit(main())
