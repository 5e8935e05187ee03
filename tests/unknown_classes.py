"""``python -m tests.unknown_classes``: does ``predict`` know that it has never seen a class?

Makes a leak-free split of cars20, trains a transfer model on it without some of its classes, and prints how well the
novelty scores tell test images of the known classes from images of the classes left out: the area under the ROC curve
(AUROC), and how many of each are called novel, with intervals that draw whole groups of near-duplicates. Images that
show no car are those of cars20, which are left out of training, of packages of the environment, and of ``--others``.
It needs the folder that ``CARVIS_REAL_DATA`` names, and some minutes.
"""

import argparse
import glob
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import carvis
from carvis.dataset import Dataset
from carvis.dataset.health import split_dataset
from carvis.evaluation import evaluate, evaluation_folder
from carvis.prediction import reference_of
from carvis.prediction.novelty import NoveltyScore
from carvis.workspace import Workspace

LEFT_OUT = ("duster", "nemo citroen", "toyota corolla")
# Found by eye among the images farthest from training: a key, a panel, a seat twice, a car under a sheet.
NO_CARS = (
    "clio/back259.jpg", "bmw serie 1/back5.jpg", "duster/car463.jpg", "duster/back462.jpg", "clio/car294.jpg",
)  # fmt: skip
WEIGHTS = "weights/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"


def auroc(known: NDArray[np.floating], unknown: NDArray[np.floating]) -> float:
    """Return the probability that an unknown image scores higher than a known one; ties count half.

    Args:
        known, unknown: scores (N,), (M,).
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([known, unknown]))[len(known) :]
    return float((ranks.sum() - len(unknown) * (len(unknown) + 1) / 2) / (len(known) * len(unknown)))


def bootstrap_interval(
    statistic: Callable[..., float],
    *samples: tuple[NDArray[np.floating], NDArray[np.int_]],
    seed: int = 0,
    resamples: int = 2000,
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a statistic of samples, each drawn again apart, by groups.

    Whole groups are drawn: a photograph and its cut-out are not independent.

    Args:
        statistic: takes the scores of each sample.
        samples: for each, the scores (N,) and the group of each image (N,).
    """
    rng = np.random.default_rng(seed)
    grouped = [[scores[groups == group] for group in np.unique(groups)] for scores, groups in samples]
    values = [
        statistic(*(np.concatenate([parts[i] for i in rng.integers(len(parts), size=len(parts))]) for parts in grouped))
        for _resample in range(resamples)
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def groups_of(root: Path, ids: Sequence[str]) -> NDArray[np.int_]:
    """Return the group of near-duplicates of each image (N,), by the table that ``split`` wrote.

    Args:
        ids: ``split/class/file`` after the split.
    """
    table = pd.read_csv(root / "split.csv", encoding="utf-8-sig").dropna(subset=["new_id"])
    return table.set_index("new_id")["group"].loc[list(ids)].to_numpy(int)


def without_classes(root: Path, out: Path, left_out: Sequence[str]) -> list[Path]:
    """Move the images of some classes out of a data set's folder, and return where they lie now."""
    moved = []
    for folder in sorted(path for path in root.glob("*/*") if path.name in left_out):
        place = out / folder.name / folder.parent.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, place)
        moved += sorted(place.glob("*.jpg"))
    return moved


def without_images(root: Path, out: Path, names: Sequence[str]) -> list[Path]:
    """Move images, named by class and file, out of a data set's folder, and return where they lie now."""
    moved = []
    for name in names:
        for file in sorted(root.glob(f"*/{glob.escape(name)}")):
            place = out / name
            place.parent.mkdir(parents=True, exist_ok=True)
            moved.append(Path(shutil.move(file, place)))
    return moved


def no_cars() -> Iterator[Path]:
    """Yield photographs of other things that packages bring: a temple, a flower, a person."""
    import matplotlib
    import sklearn

    folders = Path(sklearn.__file__).parent / "datasets" / "images", Path(matplotlib.get_data_path()) / "sample_data"
    for folder in folders:
        yield from sorted(folder.glob("*.jpg"))


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.unknown_classes", description=__doc__.partition("\n")[0])
    parser.add_argument("--without", nargs="+", default=LEFT_OUT, metavar="CLASS", help="classes left out")
    parser.add_argument("--others", nargs="*", default=(), metavar="PATH", help="images that are no cars")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--views", type=int, default=4, help="augmented views of each image: 1 is four times as fast")
    parser.add_argument("--recipe", default="transfer", choices=("transfer", "fine-tune"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workspace", help="keep split, model and evaluations here (default: a temporary folder)")
    parser.add_argument("--images", type=int, help="only so many images of each class and split, to try the script")
    args = parser.parse_args(words)
    real = os.environ.get("CARVIS_REAL_DATA")
    if not real:
        print("CARVIS_REAL_DATA names no folder of real material", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        root = Path(args.workspace or folder)
        root.mkdir(parents=True, exist_ok=True)
        run(args, Path(real), Workspace(root))
    return 0


def run(args: argparse.Namespace, real: Path, space: Workspace) -> None:
    began = time.monotonic()

    def said(words: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {words}", flush=True)

    root, unknown_root = space.data_dir / "cars", space.root / "unknown"
    if not root.is_dir():
        source = _few(real / "cars20", space.root / "few", args.images) if args.images else real / "cars20"
        split_dataset(carvis.check_dataset(source, cache=space.cache_dir / "health"), root, seed=args.seed)
        without_images(root, space.root / "no cars", NO_CARS)
        without_classes(root, unknown_root, args.without)
    unknown, data = sorted(unknown_root.rglob("*.jpg")), Dataset(root)
    said(f"{len(data.class_names)} known classes, {len(unknown)} images of {', '.join(args.without)}")
    path = space.models_dir / "known.keras"
    if not path.is_file():
        options = {"backbone": "mobilenet_v2", "weights": real / WEIGHTS, "epochs": args.epochs, "seed": args.seed}
        options |= {"views": args.views}
        carvis.train(args.recipe, data, workspace=space, name="known", **options)
    clf = carvis.load_classifier(path)
    said(f"{clf.name} is trained")
    for split in ("train", "valid", "test"):
        evaluation = evaluate(clf, data, split, leakage=False, workspace=space)
        evaluation.save(evaluation_folder(space, data.name, split, clf.name))
        said(f"{split}: accuracy {evaluation.accuracy:.3f} of {len(evaluation.predictions)} images")
    known = data.samples("test")["path"].tolist()
    # An unknown image lies at class/split/file below its folder.
    unknown_ids = ["{1}/{0}/{2}".format(*path.relative_to(unknown_root).parts) for path in unknown]
    groups = {"known": groups_of(root, data.samples("test")["id"].tolist()), "unknown": groups_of(root, unknown_ids)}
    for name, numbers in groups.items():
        said(f"{name}: {len(numbers)} images in {len(np.unique(numbers))} groups of near-duplicates")
    others = [*no_cars(), *sorted((space.root / "no cars").rglob("*.jpg")), *args.others]
    for score in ("training-distance", "energy"):
        _compare(clf, space, data, score, known, unknown, others, groups)
    said("done")


def _compare(
    clf: carvis.Classifier,
    space: Workspace,
    data: Dataset,
    score: NoveltyScore,
    known: Sequence[str],
    unknown: Sequence[Path],
    others: Sequence[str | Path],
    groups: dict[str, NDArray[np.int_]],
) -> None:
    """Print how one score tells the known images from the others."""
    reference = reference_of(clf, space, by=score)
    assert reference.novelty is not None and reference.novelty.score == score, reference.notes
    tables = {name: _scored(clf, reference, paths) for name, paths in (("known", known), ("unknown", unknown))}
    # Every image of this data set can be read, so that the rows are those of the groups.
    samples = {name: (table["novelty_score"].to_numpy(float), groups[name]) for name, table in tables.items()}
    low, high = bootstrap_interval(auroc, *samples.values())
    value = auroc(samples["known"][0], samples["unknown"][0])
    print(f"{score}: AUROC of known against unknown {value:.3f} (95 % interval by groups {low:.3f} to {high:.3f})")
    for name, table in tables.items():
        novel = (table["novelty"] == "novel").to_numpy(float)
        low, high = bootstrap_interval(np.mean, (novel, groups[name]))
        print(f"  {name}: {novel.mean():.1%} [{low:.1%}, {high:.1%}] of {len(table)} called novel")
    table = _scored(clf, reference, others)
    print(f"  no cars: {(table['novelty'] == 'novel').sum()} of {len(table)} called novel")
    print(table[["path", "predicted", "confidence", "novelty", "novelty_p"]].to_string(index=False))
    strangest = tables["known"].sort_values("novelty_score", ascending=False).head(10)
    print("  most novel images of known classes:")
    print(strangest[["path", "predicted", "confidence", "novelty_p"]].to_string(index=False))


def _scored(clf: carvis.Classifier, reference: object, paths: Sequence[str | Path]) -> pd.DataFrame:
    from carvis.prediction import ImageSource, predict_images, predictions_table

    images = [ImageSource(str(path), Path(path)) for path in paths]
    table = predictions_table(predict_images({clf.name: clf}, images, {clf.name: reference}))
    return table[table["status"] == "ok"]


def _few(source: Path, out: Path, n: int) -> Path:
    for folder in sorted(path for path in source.glob("*/*") if path.is_dir()):
        place = out / folder.relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.glob("car*.jpg"))[:n]:
            shutil.copy2(file, place / file.name)
    return out


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
