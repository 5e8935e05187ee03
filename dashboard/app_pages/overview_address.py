"""Overview at its own address, ``/overview``: the same page as at the root."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).with_name("overview.py")))
