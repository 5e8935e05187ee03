"""``attention_on_parts``: a model's maps and answers over the annotated pictures of a split."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carvis import __version__
from carvis.dataset import Dataset, canonical_split
from carvis.dataset.parts import Parts
from carvis.errors import CarvisError, DatasetError, ImageError, ModelError, TableError
from carvis.evaluation.predictions import known_samples
from carvis.explain.attention import measures
from carvis.explain.attention.cache import keep, kept, settings_key, settings_of
from carvis.explain.attention.fills import FILLS, elsewhere
from carvis.explain.attention.result import MEASURES, Attention
from carvis.images import turn_of, turned_as_stored, turned_upright
from carvis.language import Message, as_data, message_of
from carvis.workspace import Cache

if TYPE_CHECKING:
    from carvis.classifier import Classifier

TARGETS = ("predicted", "true")
_ASKED_AT_ONCE = 32
# Of images that are held at once at their full size, beside their masks.
_MOST_BYTES = 64_000_000


def attention_on_parts(
    clf: Classifier,
    data: Dataset,
    split: str,
    parts: Parts,
    *,
    method: str = "grad-cam",
    target: str = "predicted",
    layer: str | None = None,
    score: str = "logit",
    cover: bool = True,
    fill: str = "surroundings",
    tolerance: float = 0.0,
    batch_size: int = 8,
    seed: int = 0,
    watch: Callable[[int, int], bool | None] = lambda done, total: None,
    cache: Cache | None = None,
) -> Attention:
    """Measure, over all annotated pictures of a split, which parts a model looks at and which it needs.

    Looks at: the share of a map's positive evidence that lies on a part. Map and mask meet in the frame of the
    picture that the model sees: the map is enlarged to it as it is drawn, the mask averaged down to it, so that no
    part's area changes. Needs: the part is covered in the picture itself, the model asked again, and the fall of the
    probability held against the fall when the same shape is covered elsewhere.

    Args:
        clf: the model.
        data: the data set.
        split: train, valid or test.
        parts: as ``read_parts`` or ``box_parts`` gives them; pictures without any are left out and counted.
        method, layer, score: of the heatmaps, as ``heatmaps`` takes them.
        target: whose evidence and probability: ``predicted`` (the answer to the picture uncovered) or ``true``.
        cover: ask again with each part covered; costs two forward passes a part.
        fill: what is put in a part's place, a name in ``FILLS``.
        tolerance: of the pointing game, in pixels of the picture (15 in its paper, for pictures of about 500).
        batch_size: pictures explained at once.
        seed: of the places that controls are moved to; each depends on nothing but it, the picture and the part.
        watch: called with (pictures done, pictures in all) after each batch; True ends the work there.
        cache: where given, a result that is there is returned, and a complete one kept.

    Raises:
        ModelError: no such layer, method, target or fill, or no class in common with the data set.
        DatasetError: no such split, or no annotated picture in it.
    """
    _check(target, fill)
    split = canonical_split(split) if data.folder(split) else split
    settings = settings_of(method, target, layer, score, cover=cover, fill=fill, tolerance=tolerance, seed=seed)
    key = settings_key((clf.fingerprint, clf.class_names), (data.fingerprint, split), parts.fingerprint, settings)
    if cache is not None and (found := kept(cache, key)):
        return found
    samples = data.samples(split)
    if samples.empty:
        raise DatasetError(
            Message("{folder} holds no pictures: put some in its class folders.", folder=data.folder(split))
        )
    samples, unknown = known_samples(clf, data, samples)
    annotated = samples[samples["id"].isin(list(parts))]
    if annotated.empty:
        raise DatasetError(
            Message(
                "{source} describes no picture of the split {split} of {dataset}: annotate some.",
                source=parts.source,
                split=split,
                dataset=data.name,
            )
        )
    looking = _Looking(clf, parts, method, layer, score, target, cover, fill, tolerance, seed)
    rows, done, complete = [], 0, True
    # Checked on no picture at all, so that a wrong layer or method is told before the first one is read.
    looking.maps([], [])
    for batch in _batches(annotated.itertuples(), batch_size):
        rows += looking.batch(batch)
        done += len(batch)
        if watch(done, len(annotated)) and done < len(annotated):
            complete = False
            break
    columns = [f"{measure}:{part}" for part in parts.names for measure in MEASURES]
    facts = ["id", "label", "predicted", "confidence", "right", "target", "probability", "status"]
    left_out = {
        "not annotated": len(samples) - len(annotated),
        "unknown class": sum(unknown.values()),
        "unreadable": len(looking.problems),
    }
    result = Attention(
        pd.DataFrame(rows, columns=facts + columns),
        parts.names,
        {why: n for why, n in left_out.items() if n},
        tuple(looking.problems),
        settings
        | {
            "model": clf.name,
            "fingerprint": clf.fingerprint,
            "input": clf.input_words,
            "class_names": list(clf.class_names),
            "layer": looking.explained,
            "notes": [as_data(note) for note in (*looking.notes, *data.notes(split))],
            "data": data.name,
            "split": split,
            "data_fingerprint": data.fingerprint,
            "parts": parts.source,
            "parts_fingerprint": parts.fingerprint,
            "version": __version__,
        },
        complete,
    )
    if not rows:
        raise DatasetError(
            Message(
                "None of the annotated pictures of {dataset} could be used ({problem})",
                dataset=data.name,
                problem=looking.problems[0],
            )
        )
    if cache is not None and complete:
        # A folder that cannot be written keeps nothing, and the work goes on.
        with contextlib.suppress(CarvisError):
            keep(cache, key, result)
    return result


def _check(target: str, fill: str) -> None:
    if target not in TARGETS:
        raise ModelError(
            Message(
                "{target} is not a target here: choose one of {choices}.", target=target, choices=", ".join(TARGETS)
            )
        )
    if fill not in FILLS:
        raise ModelError(
            Message(
                "{fill} is not a way to cover a part: choose one of {choices}.", fill=fill, choices=", ".join(FILLS)
            )
        )


def _batches(items: Iterable, size: int) -> Iterator[list]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


class _Looking:
    """One model's look at batches of pictures."""

    def __init__(self, clf, parts, method, layer, score, target, cover, fill, tolerance, seed):
        self.clf, self.parts = clf, parts
        self.method, self.layer, self.score, self.target = method, layer, score, target
        self.cover, self.fill, self.tolerance, self.seed = cover, FILLS[fill], tolerance, seed
        self.problems: list[str] = []
        self.explained, self.notes = layer, ()

    def maps(self, images: list[np.ndarray], labels: list[str]) -> list:
        """Make the maps of images as the model sees them; those of one size together."""
        from carvis.explain import heatmaps

        made = []
        places = list(range(len(images)))
        groups = [list(group) for _, group in groupby(places, key=lambda place: images[place].shape)]
        blank = np.zeros((0, *self.clf.probe_size, self.clf.channels), np.uint8)
        for group in groups or [[]]:
            asked = np.stack([images[place] for place in group]) if group else blank
            how = {"score": self.score, "batch_size": max(len(group), 1), "seed": self.seed}
            how["labels"] = [labels[place] for place in group]
            made += heatmaps(self.clf, asked, self.method, self.target, self.layer, **how)
        return made

    def batch(self, samples) -> list[dict]:
        """Return a row for each picture that can be read."""
        read, rows = [], []
        for sample in samples:
            if sum(image.nbytes for _, image, _ in read) > _MOST_BYTES:
                rows += self._rows(read)
                read = []
            try:
                image, turn = self.clf.read_image(sample.path), turn_of(sample.path, self.clf.reading)
                # Annotations lie on the upright image; all is measured on the image that the model sees.
                masks = self.parts.present(sample.id, turned_upright(image, turn).shape[:2])
                read.append((sample, image, {name: turned_as_stored(mask, turn) for name, mask in masks.items()}))
            except (ImageError, TableError) as error:
                self.problems.append(message_of(error))
        return rows + self._rows(read)

    def _rows(self, read: list) -> list[dict]:
        if not read:
            return []
        seen = [self.clf.fit(image) for _, image, _ in read]
        maps = self.maps(seen, [sample.label for sample, _, _ in read])
        self.explained, self.notes = maps[0].layer, maps[0].notes
        rows = [
            self._looked(sample, masks, one, image.shape[:2])
            for (sample, _, masks), one, image in zip(read, maps, seen, strict=True)
        ]
        if self.cover:
            self._cover(read, maps, rows)
        return rows

    def _looked(self, sample, masks: dict[str, np.ndarray], heatmap, size: tuple[int, int]) -> dict:
        row = {
            "id": sample.id,
            "label": sample.label,
            "predicted": heatmap.predicted_name,
            "confidence": heatmap.confidence,
            "right": heatmap.predicted_name == sample.label,
            "target": heatmap.target_name,
            "probability": float(heatmap.probabilities[heatmap.target]),
            "status": heatmap.status,
        }
        row |= {f"area:{part}": float(masks[part].mean()) if part in masks else 0.0 for part in self.parts.names}
        if heatmap.status == "ok":
            # The evidence on a part that is not there is none.
            row |= {f"{measure}:{part}": 0.0 for part in self.parts.names for measure in ("share", "point")}
        if heatmap.status == "ok" and masks:
            covers = np.stack([measures.coverage(mask, size) for mask in masks.values()])
            place = measures.summit(heatmap.positive)
            for (part, mask), share in zip(masks.items(), measures.shares(heatmap.positive, covers)):
                row[f"share:{part}"] = float(share)
                row[f"point:{part}"] = float(measures.points_at(mask, place, self.tolerance))
        return row

    def _cover(self, read: list, maps: list, rows: list[dict]) -> None:
        """Add what the model says with each part covered, and with its shape covered elsewhere."""
        for group in _batches(self._covered(read, rows), _ASKED_AT_ONCE):
            answers = self.clf.predict([picture for *_, picture in group])
            for (place, part, prefix, _), answer in zip(group, answers):
                row, target, label = rows[place], maps[place].target, read[place][0].label
                name = self.clf.class_names[int(answer.argmax())]
                fall = float(maps[place].probabilities[target] - answer[target])
                row[f"{prefix}:{part}" if prefix else f"fall:{part}"] = fall
                prefix = f"{prefix} " if prefix else ""
                row[f"{prefix}changed:{part}"] = float(name != maps[place].predicted_name)
                row[f"{prefix}right:{part}"] = float(name == label)

    def _covered(self, read: list, rows: list[dict]) -> Iterator[tuple[int, str, str, np.ndarray]]:
        for place, (sample, image, masks) in enumerate(read):
            for part, mask in masks.items():
                if not mask.any():
                    continue
                yield place, part, "", self.clf.fit(self.fill(image, mask))
                moved = elsewhere(mask, (self.seed, *(zlib.crc32(name.encode()) for name in (sample.id, part))))
                rows[place][f"overlap:{part}"] = moved.overlap
                yield place, part, "control", self.clf.fit(self.fill(image, moved.mask))
