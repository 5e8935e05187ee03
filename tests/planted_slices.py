"""``python -m tests.planted_slices``: how many planted slices are found, and how often random errors give any.

Draws images with ``carvis.demo``, plants two slices by their measured properties (which, and how strong, is written
into the data set's ``truth.json``), simulates a model's errors with the planted probabilities for some seeds, and
compares what ``carvis.slices`` reports with what was planted. Then the same with errors, and labels, that are random.
Feature clusters and the distance to training are those of a demo model, which sees the drawn images.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from carvis import Dataset, check_dataset, embeddings, image_properties, load_classifier
from carvis.demo.dataset import TRUTH, draw_split
from carvis.demo.plan import class_names
from carvis.evaluation import Evaluation
from carvis.feature_space import Embeddings, clusters, distance_to_nearest, stored_embeddings
from carvis.subgroups import Condition, ImageProperties, SliceSettings, slices
from carvis.subgroups.embedding_properties import CLUSTER, DISTANCE
from carvis.workspace import Cache, write_json
from tests.evaluation.small_evaluations import evaluation

ROOT = Path(__file__).parents[1]
REST = 0.92
# Of the two slices: the property, the share of the images that it holds for.
PLANTED = (("brightness", 12), ("object_share", 14))
STRENGTHS = ((0.60, 0.70), (0.70, 0.78), (0.78, 0.84))
# A reported slice is a planted one where so many of the images of both are in both.
SAME = 0.5


def main() -> None:
    """Draw, plant, search and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=20, help="planted errors are simulated so often")
    parser.add_argument("--random", type=int, default=100, help="and random ones")
    parser.add_argument("--folder", help="where to draw; what is there is used again (default: a temporary folder)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", default="demo_own", help="whose features are searched (default: demo_own)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(args.folder or temporary)
        known = described(root, -(-args.images // len(class_names())), args.workers, args.model)
        print(f"{len(known.table):,} images, properties: {', '.join(map(str, known.table.columns))}")
        for strengths in STRENGTHS:
            truth = plant(known, strengths)
            note(root, truth)
            print_recovery(known, truth, args.seeds)
        print_random(known, args.random)


def described(root: Path, per_class: int, workers: int, model: str) -> ImageProperties:
    """Draw the test split where it is not there yet, and measure its images, by a model's features, too."""
    draw_split(root / "drawn", "test", per_class=per_class, plant=False, workers=workers)
    data, cache = Dataset(root / "drawn"), Cache(root / "cache", 2_000_000_000)
    made = embeddings(load_classifier(ROOT / "models" / f"{model}.keras"), data, workspace=root)
    return image_properties(data, check_dataset(data, cache=cache), cache=cache, columns=features(made, model))


def features(made: Embeddings, model: str) -> pd.DataFrame:
    """The feature cluster of each image, and its distance to the training images, whose embeddings the demo ships."""
    training = stored_embeddings(ROOT, ("demo", "train", model))
    assert training is not None and training.fingerprint == made.fingerprint, "the model has changed: evaluate it"
    numbers = clusters(made.vectors) + 1
    return pd.DataFrame(
        {CLUSTER: numbers.astype(str), DISTANCE: distance_to_nearest(made.vectors, training.vectors)}, made.ids
    )


def plant(known: ImageProperties, strengths: tuple[float, float]) -> list[tuple[Condition, float]]:
    """Two slices, each with the accuracy that it shall have."""
    ends = [round(float(np.percentile(known.table[name].dropna(), share)), 2) for name, share in PLANTED]
    return [(Condition(name, high=end), accuracy) for (name, _share), end, accuracy in zip(PLANTED, ends, strengths)]


def note(root: Path, truth: list[tuple[Condition, float]]) -> None:
    """Write the planted slices into the data set's truth."""
    slices_in_words = [
        {"property": one.key, "under": one.high, "accuracy": accuracy, "rest": REST} for one, accuracy in truth
    ]
    path = root / "drawn" / TRUTH
    there = json.loads(path.read_text("utf-8")) if path.exists() else {}
    write_json(path, there | {"slices": slices_in_words}, indent=1)


def print_recovery(known: ImageProperties, truth: list[tuple[Condition, float]], seeds: int) -> None:
    """Search planted slices for some seeds."""
    masks = [condition.holds(known.table) for condition, _accuracy in truth]
    rate = np.full(len(known.table), 1 - REST)
    for mask, (_condition, accuracy) in zip(masks, truth):
        rate = np.where(mask, np.maximum(rate, 1 - accuracy), rate)
    reported, hits, recovered, inside, all_ids, started = 0, 0, [0, 0], 0, 0, time.perf_counter()
    for seed in range(seeds):
        wrong = np.random.default_rng(seed).random(len(rate)) < rate
        found = slices(simulated(known, wrong, seed), known, SliceSettings(seed=seed))
        here = [known.table.index.isin(one.ids) for one in found.slices]
        overlaps = [[(mask & one).sum() / (mask | one).sum() >= SAME for mask in masks] for one in here]
        reported += len(here)
        hits += sum(any(row) for row in overlaps)
        recovered = [n + any(row[place] for row in overlaps) for place, n in enumerate(recovered)]
        inside += sum(int((one & np.logical_or.reduce(masks)).sum()) for one in here)
        all_ids += sum(int(one.sum()) for one in here)
        if seed == 0:
            for one in found.slices:
                print(f"    {one.sentence} ({one.key}, p {one.p:.2g})")
            print(f"    {found.power}")
    words = "; ".join(
        f"{one.images} ({mask.sum()} images): accuracy {accuracy:.2f}" for (one, accuracy), mask in zip(truth, masks)
    )
    print(f"planted: {words}; the rest {REST}")
    print(
        f"  {seeds} seeds: precision {hits}/{reported} = {hits / max(reported, 1):.2f}, "
        f"recall {recovered[0]}/{seeds} and {recovered[1]}/{seeds} = {sum(recovered) / 2 / seeds:.2f}; "
        f"{inside / max(all_ids, 1):.0%} of the reported images were planted; "
        f"{(time.perf_counter() - started) / seeds:.1f} s a search"
    )


def print_random(known: ImageProperties, seeds: int) -> None:
    """Search where there is nothing to find."""
    errors = labels = 0
    for seed in range(seeds):
        rng = np.random.default_rng(1000 + seed)
        wrong = rng.random(len(known.table)) < 0.15
        errors += bool(len(slices(simulated(known, wrong, seed), known, SliceSettings(seed=seed))))
        shuffled = replace(known, table=known.table.assign(label=rng.permutation(known.table["label"].to_numpy())))
        said = known.table["label"].to_numpy()
        one = predictions(shuffled, np.where(rng.random(len(said)) < 0.1, rng.permutation(said), said))
        labels += bool(len(slices(one, shuffled, SliceSettings(seed=seed))))
    print(f"random errors: nothing reported in {seeds - errors} of {seeds} seeds")
    print(f"random labels: nothing reported in {seeds - labels} of {seeds} seeds")


def simulated(known: ImageProperties, wrong: np.ndarray, seed: int) -> Evaluation:
    """An evaluation in which some predictions are wrong, each of a class drawn by lot."""
    labels = known.table["label"].to_numpy()
    names = sorted(set(labels))
    place = np.searchsorted(names, labels.astype(str))
    other = (place + np.random.default_rng(seed).integers(1, len(names), len(labels))) % len(names)
    return predictions(known, np.array(names, object)[np.where(wrong, other, place)])


def predictions(known: ImageProperties, predicted: np.ndarray) -> Evaluation:
    """An evaluation with these predictions."""
    names = sorted(set(known.table["label"]))
    rows = [
        (sample, label, [0.9 if name == said else 0.1 / (len(names) - 1) for name in names])
        for sample, label, said in zip(known.table.index, known.table["label"], predicted)
    ]
    made = evaluation("simulated", names, rows)
    return replace(made, predictions=made.predictions.assign(sha256=known.sha256))


if __name__ == "__main__":
    main()
