"""How long work takes on this machine: measured whenever it is done, kept in the workspace, asked before it begins."""

import contextlib
import os
import platform
import time
from dataclasses import dataclass

from typing_extensions import TypedDict

from carvis.errors import CarvisError
from carvis.workspace import content_hash, json_text, read_json
from ui.state import jobs

# Below this share of the work a measured rate says little.
_LEAST_SHARE = 0.01
_MOST_SECONDS = 1e7


@dataclass(frozen=True)
class Work:
    """How much there is to do: ``units`` of a kind that each take about as long, as images or passes through a model.

    ``made_of`` names what decides how long a unit takes, such as the kind of work, the models and the settings.
    """

    made_of: tuple[object, ...]
    units: float

    @property
    def key(self) -> str:
        """Name the rate: on another machine it is another one."""
        return content_hash("rate", platform.node(), os.cpu_count(), repr(self.made_of))


class _Rate(TypedDict):
    start: float
    unit: float


def seconds_of(work: Work) -> float | None:
    """Return how long work should take by what was measured here before; None where nothing was."""
    file = jobs.cache("rates").get(work.key, ".json")
    # A damaged file is measured anew.
    with contextlib.suppress(CarvisError):
        rate = read_json(file, _Rate) if file else None
        if rate and all(0 <= part < _MOST_SECONDS for part in (rate["start"], rate["unit"])):
            return rate["start"] + rate["unit"] * work.units
    return None


class Stopwatch:
    """Measures work by its reports of progress: what goes before the first one is its start."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.began = time.monotonic()
        self.first: tuple[float, float] | None = None
        self.last = (self.began, 0.0)

    def report(self, share: float) -> None:
        """Note that a share of the work, from 0 to 1, is done."""
        self.last = (time.monotonic(), share)
        if self.first is None:
            self.first = self.last

    @property
    def elapsed(self) -> float:
        """The seconds since the first report."""
        return self.last[0] - self.first[0] if self.first else 0.0

    @property
    def total(self) -> float | None:
        """How many seconds the work takes from its beginning to its end at this rate; None where that is not known."""
        if self.first is None or (gained := self.last[1] - self.first[1]) < _LEAST_SHARE:
            return None
        return self.last[0] - self.began + (1 - self.last[1]) * self.elapsed / gained

    def keep(self) -> None:
        """Keep the rate for the next time."""
        if self.first is None or (self.total is None and self.first != self.last):
            return
        # At the first report all units are still to do, whatever share was kept; of work that reports its end alone
        # all is start.
        left = 1 - self.first[1]
        units = self.work.units * (self.last[1] - self.first[1]) / left if left else 0.0
        rate = {"start": self.first[0] - self.began, "unit": self.elapsed / units if units else 0.0}
        # A workspace that cannot be written is measured again.
        with contextlib.suppress(CarvisError):
            jobs.cache("rates").put(self.work.key, ".json", json_text(rate).encode())
