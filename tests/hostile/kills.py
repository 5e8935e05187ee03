"""Kill processes that write, at all moments or at many: nothing is torn, and the same command works again."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path

from carvis.workspace import Workspace
from tests.hostile.killed import Ended, Moment, in_a_process
from tests.hostile.writes import WRITES, Write, is_whole, torn_files

# What the writes load when it is needed: loaded here once, not in each process that is killed.
_LATE = ("pydantic", "pyarrow.parquet", "rich.table", "scipy.optimize", "scipy.stats", "sklearn.metrics", "jinja2")
_LATE += ("statsmodels.stats.proportion", "filelock", "narwhals", "charset_normalizer")
HELP = "kill processes at their writes and look what they leave"
# So many bytes of a file are written when its process dies.
_SIZES = (0, 1, 40, 700)
_TEMPORARIES = (".carvis-????????", "*.part", "*.tmp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="how many (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    parser.add_argument("--light", action="store_true", help="only writes that need no TensorFlow")
    parser.add_argument("--only", metavar="TEXT", default="", help="only writes with this in their name")


def main(args: argparse.Namespace) -> int:
    rng, began = random.Random(args.seed), time.monotonic()
    for name in _LATE:
        import_module(name)
    writes = [write for write in WRITES if args.only in write.name]
    if not args.light:
        from tests.hostile.commands import COMMANDS

        writes += [write for write in COMMANDS if args.only in write.name]
    tagged = max(1, args.kills // 20) if args.only in "tags" else 0
    total, problems = Counter(), []
    for write, kills in _shared(writes, args.kills - tagged):
        found, counts = of_one(write, kills, rng)
        problems += found
        total += counts
        words = ", ".join(f"{n} {word}" for word, n in counts.items())
        print(f"{write.name}: {words}" + "".join(f"\n  {one}" for one in found), flush=True)
    if tagged:
        found = of_tags(tagged, rng)
        problems += found
        total["killed"] += tagged
        print(f"tags: {tagged} killed" + "".join(f"\n  {one}" for one in found), flush=True)
    words = ", ".join(f"{n} {word}" for word, n in total.items())
    print(f"{words}, {len(problems)} problems in {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


def _shared(writes: list[Write], kills: int) -> list[tuple[Write, int]]:
    """Deal the kills out by the writes' shares, at least one each."""
    shares, given = sum(write.share for write in writes), 0.0
    dealt = []
    for write in writes:
        before, given = round(given), given + kills * write.share / shares
        dealt.append((write, max(1, round(given) - before)))
    return dealt


def of_one(write: Write, kills: int, rng: random.Random) -> tuple[list[str], Counter]:
    """Kill one kind of write at some of its moments: what is wrong, and how the kills went."""
    problems, counts = [], Counter(killed=0)
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        before.mkdir()
        made = in_a_process(lambda: write.prepare(before), before)
        for name, text in write.mine.items():
            (before / name).write_text(text)
        whole = _tried(write, before, Path(folder) / "whole", None)
        if made.problem or whole[0].problem or whole[1]:
            return [f"without a kill: {made.problem}{whole[0].problem}{whole[1]}"], counts
        moments = [Moment(i) for i, _ in enumerate(whole[0].steps, 1)]
        opened = [i for i, (step, path) in enumerate(whole[0].steps, 1) if step == "open" and not path.endswith("lock")]
        moments += [Moment(i, size) for i in opened for size in _SIZES]
        for moment in rng.sample(moments, min(kills, len(moments))):
            ended, wrong = _tried(write, before, Path(folder) / "killed", moment)
            counts["killed" if ended.killed else "not reached"] += 1
            step = whole[0].steps[moment.step - 1]
            problems += [f"{moment} ({' '.join(step)}): {one}" for one in wrong]
    return problems, counts


def _tried(write: Write, before: Path, place: Path, moment: Moment | None) -> tuple[Ended, list[str]]:
    """Carry a write out, killed at a moment, and say what is wrong then and after it was carried out once more."""
    shutil.copytree(before, place, symlinks=True)
    try:
        ended = in_a_process(lambda: write.act(place), place, moment)
        wrong = [] if ended.killed or not ended.problem else [f"the write failed: {ended.problem}"]

        def look() -> None:
            # Readers of evaluations finish the moves of them; the next start finishes all others.
            known = {"old", "new"} if ended.killed else {"new"}
            if write.settles:
                _expect(write.state(place), known)
            Workspace(place).clear_leftovers()
            _expect(write.state(place), known)
            _whole(write, place)

        def look_again() -> None:
            _expect(write.state(place), {"new"})
            _whole(write, place)
            left = [str(path.relative_to(place)) for name in _TEMPORARIES for path in place.rglob(name)]
            assert not left, f"left: {left}"

        wrong += _said("left", in_a_process(look, place))
        if moment is not None:
            again = in_a_process(lambda: write.act(place), place)
            wrong += [f"the same again failed: {again.problem}"] if again.problem else []
            wrong += _said("after the same again", in_a_process(look_again, place))
        return ended, wrong
    finally:
        shutil.rmtree(place)


def _said(when: str, looked: Ended) -> list[str]:
    return [f"{when}: {looked.problem.strip().splitlines()[-1]}"] if looked.problem else []


def _expect(state: str, known: set[str]) -> None:
    assert state in known, state


def _whole(write: Write, place: Path) -> None:
    torn = torn_files(place)
    assert not torn, torn
    lost = [name for name, text in write.mine.items() if (place / name).read_text() != text]
    assert not lost, f"lost: {lost}"


_TAGGING = """
import sys
from carvis.tags import Tags
tags = Tags(sys.argv[1])
for number in range(100_000):
    tags.tag("cars", f"test/a/{number}.png", "0" * 64, "blurred")
    print(number, flush=True)
"""


def of_tags(kills: int, rng: random.Random) -> list[str]:
    """Kill processes that tag images, at random times: what was told to be kept is there."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tags.sqlite"
        for _ in range(kills):
            command = [sys.executable, "-c", _TAGGING, str(path)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.3))
            child.send_signal(signal.SIGKILL)
            told = len(child.stdout.read().splitlines()) + 1
            child.wait()
            there = in_a_process(lambda told=told: _count_tags(path, told), Path(folder))
            problems += _said("tags", there)
            path.unlink()
    return problems


def _count_tags(path: Path, told: int) -> None:
    from carvis.tags import Tags

    # The last line may have been cut off, and one more tag kept before it was told.
    assert is_whole(path)
    kept = len(Tags(path).records())
    assert told - 1 <= kept <= told + 1, f"{told} told, {kept} kept"
