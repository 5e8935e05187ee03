"""Each kind of write that needs no TensorFlow: what was there, what is written, and how to tell old from new."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from carvis.classifier.card import ModelCard, read_card, update_card, write_card
from carvis.cli import comparison_sheets
from carvis.dataset import Dataset
from carvis.dataset.health import check_dataset, split_dataset
from carvis.demo import draw_missing, draw_split, regeneration, restore_demo
from carvis.demo.plan import plan_split
from carvis.errors import CarvisError
from carvis.evaluation import Evaluation, check_folder, compare, load_evaluation
from carvis.evaluation.metrics import summarise
from carvis.explain.attention.cache import ATTENTION_FORMAT, load_attention
from carvis.explain.filters import FilterSettings
from carvis.explain.filters.patterns import FilterPatterns
from carvis.images import write_image
from carvis.report import write_report
from carvis.tags import Tags, export_tags
from carvis.tags.database import reading
from carvis.workspace import Cache, Workspace, atomic_write, discard, store_cached
from tests.hostile.material import attention


@dataclass(frozen=True)
class Write:
    """One kind of write.

    Attributes:
        name: in reports.
        prepare: makes what is there before, in an empty workspace.
        act: the write; it may be carried out again.
        state: ``old``, ``new``, or what is wrong.
        mine: files of a person that stay as they are, below the workspace, with their text.
        share: how many of the kills it gets, beside the others.
        settles: whether whoever reads it finishes what was decided.
    """

    name: str
    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    state: Callable[[Path], str]
    mine: dict[str, str] = field(default_factory=dict)
    share: float = 1.0
    settles: bool = False


def evaluation(accuracy: float, name: str = "m") -> Evaluation:
    """An evaluation of eight images, of which a share is right."""
    right = np.arange(8) < round(8 * accuracy)
    labels = np.where(np.arange(8) % 2, "b", "a")
    predicted = np.where(right, labels, np.where(labels == "a", "b", "a"))
    ids = [f"test/{label}/{i}.png" for i, label in enumerate(labels)]
    table = pd.DataFrame({"id": ids, "path": ids, "sha256": "0" * 64, "label": labels, "predicted": predicted})
    table["confidence"] = np.float32(0.75)
    for one in "ab":
        table[f"p:{one}"] = np.where(table["predicted"] == one, np.float32(0.75), np.float32(0.25))
    setup = {
        "model": {"name": name, "class_names": ["a", "b"], "fingerprint": name},
        "dataset": {"name": "cars", "fingerprint": "f"},
        "split": "test",
        "created": "2024-01-01T00:00:00+00:00",
        "notes": [],
    }
    return Evaluation(table, summarise(table, ["a", "b"]) | {"unreadable": [], "left_out": {}}, setup)


FOLDER = "data/evaluations/cars/test/m"
EDITED = "PATH,TRUE,PRED\nmine.jpg,a,b\n"


def _evaluate(place: Path) -> None:
    check_folder(place / FOLDER)
    evaluation(0.75).save(place / FOLDER)


def _evaluated(place: Path) -> str:
    if not (place / FOLDER).exists():
        return "old"
    return {0.5: "old", 0.75: "new"}.get(load_evaluation(place / FOLDER).accuracy, "neither")


def _evaluated_before(place: Path) -> None:
    evaluation(0.5).save(place / FOLDER)
    (place / FOLDER / "df2.csv").write_text(EDITED)


def _evaluated_and_edited(place: Path) -> str:
    texts = [file.read_text() for file in (place / FOLDER).glob("df2*.csv")]
    return _evaluated(place) if EDITED in texts else "the edited df2.csv is lost"


def _images(place: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        for number in range(4):
            coarse = rng.uniform(20, 235, (4, 5, 3)).astype(np.float32)
            image = cv2.resize(coarse, (60, 48), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
            write_image(place / "data" / "cars" / "train" / label / f"{number}.png", image)


def _split(place: Path) -> None:
    if (place / "data" / "new").exists():
        return
    split_dataset(check_dataset(Dataset(place / "data" / "cars")), place / "data" / "new", (0.5, 0.25, 0.25))


def _is_split(place: Path) -> str:
    out = place / "data" / "new"
    if not out.exists():
        return "old"
    told = json.loads((out / "split.json").read_text())
    table = pd.read_csv(out / "split.csv")
    counts = Dataset(out).counts().sum().to_dict()
    return "new" if told["kept"] == counts and sum(counts.values()) == len(table) == 8 else f"torn: {counts}"


OUT = "data/results/compared"


def _compare(place: Path) -> None:
    both = {name: load_evaluation(place / "data" / "evaluations" / "cars" / "test" / name) for name in ("one", "two")}
    comparison_sheets.write(place / OUT, compare(both), {})


def _evaluated_two(place: Path) -> None:
    for name, accuracy in (("one", 0.5), ("two", 0.75)):
        evaluation(accuracy, name).save(place / "data" / "evaluations" / "cars" / "test" / name)


def _compared_before(place: Path) -> None:
    _evaluated_two(place)
    for name in comparison_sheets.FILES:
        (place / OUT).mkdir(parents=True, exist_ok=True)
        (place / OUT / name).write_text("old")
    (place / OUT / "notes.md").write_text("mine")


def _compared(place: Path) -> str:
    there = [(place / OUT / name).is_file() for name in comparison_sheets.FILES]
    if not any(there):
        return "old"
    olds = {(place / OUT / name).read_bytes() == b"old" for name in comparison_sheets.FILES}
    return "torn" if not all(there) or len(olds) > 1 else "old" if olds == {True} else "new"


REPORT = "data/results/report.html"


def _report(place: Path) -> None:
    write_report(place / REPORT, [evaluation(0.75)], overwrite=True)


def _reported(place: Path) -> str:
    if not (place / REPORT).exists():
        return "old"
    text = (place / REPORT).read_text("utf-8")
    return "old" if text == "old" else "new" if text.rstrip().endswith("</html>") else "torn"


def _text(place: Path, name: str, old: str, new: Callable[[str], bool]) -> str:
    path = place / name
    text = path.read_text("utf-8-sig") if path.exists() else old
    return "old" if text == old else "new" if new(text) else f"torn: {text[:80]!r}"


def _tagged(place: Path) -> None:
    tags = Tags(place / "data" / "tags.sqlite")
    for number in range(20):
        tags.tag("cars", f"test/a/{number}.png", "0" * 64, "blurred")


def _card_of_old(place: Path) -> None:
    (place / "models").mkdir(exist_ok=True)
    write_card(place / "models" / "m.keras", ModelCard(class_names=["a"], notes="mine"))


def _card_state(place: Path) -> str:
    card = read_card(place / "models" / "m.keras")
    good = card is not None and card.notes == "mine"
    return {("a",): "old", ("a", "b"): "new"}.get(tuple(card.class_names), "neither") if good else "the notes are lost"


def _draw(place: Path) -> None:
    root = place / "data" / "demo"
    draw_missing(root, workers=1)


def _drawn(place: Path) -> str:
    root = place / "data" / "demo"
    if not (root / "valid").is_dir():
        return "old"
    whole = all((root / item.id).is_file() and (root / item.mask).is_file() for item in plan_split("valid", 1, 0))
    return "new" if whole else "a split that is not whole"


def _demo_but_for_valid(place: Path) -> None:
    root = place / "data" / "demo"
    draw_split(root, "test", per_class=1)
    (root / "train" / "a").mkdir(parents=True)


def _made_demo(place: Path, text: str) -> None:
    space = Workspace(place)
    for path in regeneration._shipped(space):
        atomic_write(path if path.suffix else path / "file.txt", text)


def _rebuild(place: Path) -> None:
    # Half an hour of drawing and training stands here for a moment: what is tried is what becomes of the old demo.
    build = regeneration._build
    regeneration._build = lambda workspace, *_: iter([_made_demo(workspace.root, "new")])
    try:
        list(regeneration.rebuild(Workspace(place)))
    finally:
        regeneration._build = build


def _rebuilt(place: Path) -> str:
    restore_demo(Workspace(place))
    paths = [path if path.suffix else path / "file.txt" for path in regeneration._shipped(Workspace(place))]
    texts = {path.read_text() if path.exists() else "lost" for path in paths}
    return texts.pop() if len(texts) == 1 else f"mixed: {sorted(texts)}"


def _attention(place: Path) -> None:
    store_cached(Cache(place / "data" / "cache" / "attention"), "ab12", ATTENTION_FORMAT, attention())


def _is_kept(place: Path) -> str:
    found = load_attention(Cache(place / "data" / "cache" / "attention"), "ab12")
    return "old" if found is None else "new" if found.table.equals(attention().table) else "neither"


PATTERNS = "data/results/filters/m--conv.png"


def _patterns(place: Path, size: int) -> None:
    images = np.full((2, size, size, 3), 200, np.uint8)
    facts = {"filters": (0, 1), "dead": (), "retried": (), "layer": "conv", "model_name": "m", "fingerprint": "f"}
    FilterPatterns(images, **facts, preprocessing="unit", settings=FilterSettings(size)).save(place / PATTERNS)


def _patterned(place: Path) -> str:
    image = cv2.imread(str(place / PATTERNS))
    told = json.loads((place / PATTERNS).with_suffix(".json").read_text())["settings"]["size"]
    return "torn" if image is None or len(image) != told else {8: "old", 9: "new"}[told]


RUN = "data/runs/one"


def _run_folder(place: Path) -> None:
    for name in ("config.json", "status.json", "checkpoint/state.npz", "replay/epoch-0001.npz"):
        atomic_write(place / RUN / name, "{}")


def _run_removed(place: Path) -> str:
    files = [path for path in (place / RUN).rglob("*") if path.is_file()]
    return {4: "old", 0: "new"}.get(len(files), f"half of a run: {files}")


def _exported(text: str) -> bool:
    return text.count("blurred") == 20


def is_whole(path: Path) -> bool:
    """Whether a SQLite file is what it was."""
    with reading(path) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


WRITES = (
    Write("first evaluate", lambda place: None, _evaluate, _evaluated, share=3, settles=True),
    Write(
        "evaluate again", _evaluated_before, _evaluate, _evaluated_and_edited, {f"{FOLDER}/notes.md": "mine"}, 3, True
    ),
    Write("split", _images, _split, _is_split, share=3),
    Write("report", lambda place: atomic_write(place / REPORT, "old"), _report, _reported),
    Write("compare --out", _evaluated_two, _compare, _compared, share=2),
    Write("compare --out again", _compared_before, _compare, _compared, {f"{OUT}/notes.md": "mine"}, 2),
    Write(
        "export of tags",
        _tagged,
        lambda place: export_tags(Tags(place / "data" / "tags.sqlite"), place / "tags.csv"),
        lambda place: _text(place, "tags.csv", "", _exported),
    ),
    Write(
        "card",
        _card_of_old,
        lambda place: update_card(place / "models" / "m.keras", {"class_names": ["a", "b"]}),
        _card_state,
    ),
    Write("demo drawing", _demo_but_for_valid, _draw, _drawn, share=0.7),
    Write("demo rebuilding", lambda place: _made_demo(place, "old"), _rebuild, _rebuilt, share=3),
    Write("cache of attention", lambda place: None, _attention, _is_kept),
    Write("filter patterns", lambda place: _patterns(place, 8), lambda place: _patterns(place, 9), _patterned, share=2),
    Write(
        "runs remove",
        _run_folder,
        lambda place: discard(place / RUN) if (place / RUN).exists() else None,
        _run_removed,
        share=2,
    ),
)


def torn_files(place: Path) -> list[str]:
    """Name the files of a workspace that their readers cannot read."""
    return [f"{path.relative_to(place)}: {why}" for path in sorted(place.rglob("*")) if (why := _why_torn(path, place))]


def _why_torn(path: Path, place: Path) -> str:
    below = path.relative_to(place).parts
    if not path.is_file() or any(part.startswith(".") for part in below) or path.read_bytes() in (b"old", b"new"):
        return ""
    try:
        match path.suffix:
            case ".json":
                json.loads(path.read_text("utf-8-sig"))
            case ".parquet":
                pd.read_parquet(path)
            case ".csv":
                pd.read_csv(path)
            case ".png" | ".jpg" if cv2.imread(str(path)) is None:
                return "no image"
            case ".npz" | ".keras" if path.read_bytes() != b"{}":
                with np.load(path, allow_pickle=False) as file:
                    assert file.zip.testzip() is None
            case ".sqlite" if not is_whole(path):
                return "damaged"
    except (ValueError, OSError, AssertionError, CarvisError) as error:
        return repr(error)
    return ""
