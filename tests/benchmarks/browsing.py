"""The pages that read evaluations: one of 100,000 pictures against one of 1,000, step by step as a person goes."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE, HUGE = 1_000, 100_000, 1_000_000
MODELS = ("demo_own", "demo_fine-tune")
ROUNDS = 5
# The key of a button to press: what is timed is then the run that follows.
PRESS = "press"
TAGGED = 500


def repeated(model: str, n: int, into: Path) -> None:
    """Save an evaluation of ``n`` pictures: the demo's, again and again under other ids."""
    from carvis import load_evaluation

    kept = load_evaluation(ROOT / "data" / "evaluations" / "demo" / "test" / model, into / "data" / f"demo{n}")
    rows = np.arange(n) % len(kept.predictions)
    predictions = kept.predictions.iloc[rows].reset_index(drop=True)
    turn = (np.arange(n) // len(kept.predictions)).astype(str)
    stem = predictions["id"].str.replace(".jpg", "", regex=False)
    predictions["id"] = stem + np.char.add(np.char.add("~", turn), ".jpg")
    metrics = kept.metrics | {"n": n, "correct": int((predictions["label"] == predictions["predicted"]).sum())}
    setup = kept.setup | {"dataset": {"name": f"demo{n}", "fingerprint": str(n)}}
    made = replace(kept, predictions=predictions, metrics=metrics, setup=setup)
    made.save(into / "data" / "evaluations" / f"demo{n}" / "test" / model)


def tagged(n: int, workspace: Path) -> None:
    """Give some of the mistakes a tag, as a person may have done in weeks."""
    from carvis import Tags, load_evaluation

    wrong = load_evaluation(workspace / "data" / "evaluations" / f"demo{n}" / "test" / "demo_own").misclassified()
    tags = Tags(workspace / "data" / "tags.sqlite")
    for row in wrong.iloc[:: max(1, len(wrong) // TAGGED)].itertuples():
        tags.tag(f"demo{n}", row.id, row.sha256, "blurred")


def steps(page: str, n: int, classes: list[str], sample: str) -> dict[str, dict]:
    """What a person does on a page, as the addresses that each step leads to."""
    first, second = classes[:2]
    common = {"data": f"demo{n}", "split": "test"}
    if page == "misclassified":
        table = common | {"table": f"demo{n}/test/demo_own"}
        return {
            "turn the page": table | {"page": "7"},
            "filter by class": table | {"true": first},
            "filter by pair": table | {"true": first, "pred": second},
            "sort by name": table | {"sort": "name"},
            "narrow the confidence": table | {"low": "40", "high": "60"},
            "sort by loss": table | {"sort": "loss"},
            "filter by other models' answers": table | {"answers": "demo_fine-tune:wrong"},
            "filter by tag": table | {"tag": "blurred"},
            "open one": table | {"open": sample},
            "tag one": table | {"open": sample, PRESS: "tag_1"},
            "doubted labels": common | {"look": "labels", "queue": "all", "model": "demo_own"},
            "judge a label": common
            | {"look": "labels", "queue": "all", "model": "demo_own", PRESS: "decide_confirmed"},
        }
    if page == "confusion":
        return {"one model": common | {"model": "demo_own"}, "a cell": common | {"true": first, "pred": second}}
    return {"two models": common | {"model": list(MODELS)}}


def opened(page: str, workspace: Path):
    from streamlit.testing.v1 import AppTest

    os.environ["CARVIS_WORKSPACE"] = str(workspace)
    app = AppTest.from_file(str(ROOT / "dashboard" / "navigation.py"), default_timeout=600)
    app.switch_page(f"app_pages/{page}.py")
    return app


def visit(page: str, workspace: Path, params: dict) -> float:
    """Return the seconds that one run of a page takes."""
    app = opened(page, workspace)
    for name, value in params.items():
        if name != PRESS:
            app.query_params[name] = value
    if PRESS in params:
        button = app.run().button(key=params[PRESS]).click()
    begun = time.perf_counter()
    button.run() if PRESS in params else app.run()
    seconds = time.perf_counter() - begun
    assert not app.exception and not app.error, (page, params, app.exception, app.error)
    return seconds


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        for n in (SMALL, LARGE, HUGE):
            # The pictures are the same files, so that thumbnails cost what they cost.
            shutil.copytree(ROOT / "data" / "demo", workspace / "data" / f"demo{n}", copy_function=os.link)
            for model in MODELS if n < HUGE else MODELS[:1]:
                repeated(model, n, workspace)
            tagged(n, workspace)
        yield from measured(workspace)
        yield from huge(workspace)


def measured(workspace: Path) -> Iterator[str]:
    from carvis import load_evaluation

    pages = [page for page in ("misclassified", "confusion", "compare") if _exists(page)]
    evaluation = load_evaluation(workspace / "data" / "evaluations" / f"demo{SMALL}" / "test" / "demo_own")
    wrong = evaluation.misclassified()
    classes = [wrong["label"].iloc[0], wrong["predicted"].iloc[0]]
    for page in pages:
        small = steps(page, SMALL, classes, wrong["id"].iloc[0])
        large = steps(page, LARGE, classes, wrong["id"].iloc[0])
        first = [visit(page, workspace, next(iter(found.values()))) for found in (small, large)]
        yield f"{page}, first load: {first[1]:.2f} s for {LARGE:,} against {first[0]:.2f} s for {SMALL:,}"
        for name in small:
            visit(page, workspace, small[name]), visit(page, workspace, large[name])
            times = [(visit(page, workspace, large[name]), visit(page, workspace, small[name])) for _ in range(ROUNDS)]
            one, other = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
            ratio = statistics.median(a / b for a, b in times)
            yield f"{page}, {name}: {one:.0f} ms against {other:.0f} ms, ratio {ratio:.2f} (median of {ROUNDS})"


def huge(workspace: Path) -> Iterator[str]:
    from carvis import load_evaluation

    evaluation = load_evaluation(workspace / "data" / "evaluations" / f"demo{SMALL}" / "test" / "demo_own")
    wrong = evaluation.misclassified()
    found = steps("misclassified", HUGE, [wrong["label"].iloc[0], wrong["predicted"].iloc[0]], wrong["id"].iloc[0])
    first = visit("misclassified", workspace, found["turn the page"])
    seconds = {name: visit("misclassified", workspace, params) for name, params in found.items()}
    memory = psutil.Process().memory_info().rss / 1e9
    said = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    yield f"{HUGE:,} rows: first load {first:.1f} s; then {said}; memory of the process {memory:.1f} GB"


def _exists(page: str) -> bool:
    return (ROOT / "dashboard" / "app_pages" / f"{page}.py").is_file()
