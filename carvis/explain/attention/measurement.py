"""``attention_on_parts``: heatmaps of a model and its predictions over the annotated images of a split."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis import __version__
from carvis.dataset import Dataset, canonical_split
from carvis.dataset.parts import Parts
from carvis.errors import DatasetError, ImageError, TableError
from carvis.evaluation.predictions import known_samples
from carvis.explain.attention import measures
from carvis.explain.attention.cache import ATTENTION_FORMAT, attention_key
from carvis.explain.attention.fills import FILL_FUNCTIONS, elsewhere
from carvis.explain.attention.result import MEASURES, Attention
from carvis.explain.attention.settings import AttentionSettings
from carvis.images import turn_of, turned_as_stored, turned_upright
from carvis.language import Message, as_data, message_of
from carvis.progress import Progress, no_progress
from carvis.workspace import Cache, load_or_make

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.explain.heatmap import Heatmap

T = TypeVar("T")
Mask = NDArray[np.bool_]
Image = NDArray[np.uint8]
_IMAGES_PER_CALL = 32
# Of images that are held at once at their full size, beside their masks.
_MAX_BYTES = 64_000_000
_FACTS = ("id", "label", "predicted", "confidence", "right", "target", "probability", "status")


def attention_on_parts(
    clf: Classifier,
    data: Dataset,
    split: str,
    parts: Parts,
    settings: AttentionSettings | None = None,
    *,
    batch_size: int = 8,
    progress: Progress = no_progress,
    cache: Cache | None = None,
) -> Attention:
    """Measure, over all annotated images of a split, which parts a model looks at and which it needs.

    Looks at: the share of the heatmap's positive evidence that lies on a part. Heatmap and mask meet in the frame of
    the image that the model sees: the heatmap is enlarged to it as it is drawn, the mask averaged down to it, so that
    no part's area changes. Needs: the part is occluded in the image itself, the model predicts again, and the fall of
    the probability is compared with the fall when the same shape is occluded elsewhere.

    Args:
        clf: the model.
        data: the data set.
        split: train, valid or test.
        parts: as ``read_parts`` or ``box_parts`` gives them; images without any are skipped and counted.
        settings: None for Grad-CAM of the prediction, each part occluded.
        batch_size: images explained at once.
        progress: called with (images done, images in all) after each batch; True ends the work there.
        cache: a result that is there is returned, and a complete one stored.

    Raises:
        ModelError: no such layer or method, or no class in common with the data set.
        DatasetError: no such split, or no annotated image in it.
    """
    settings = settings or AttentionSettings()
    split = (canonical_split(split) or split) if data.folder(split) else split
    model, images = (clf.fingerprint, clf.class_names), (data.fingerprint, split)
    key = attention_key(model, images, parts.fingerprint, settings)

    def measure() -> Attention:
        return _measure(clf, data, split, parts, settings, batch_size, progress)

    return load_or_make(cache, key, ATTENTION_FORMAT, measure, lambda result: result.complete)


def _measure(
    clf: Classifier,
    data: Dataset,
    split: str,
    parts: Parts,
    settings: AttentionSettings,
    batch_size: int,
    progress: Progress,
) -> Attention:
    samples = data.samples(split)
    if samples.empty:
        raise DatasetError(
            Message("{folder} has no images: put some into its class folders.", folder=data.folder(split))
        )
    samples, unknown = known_samples(clf, data, samples)
    annotated = samples[samples["id"].isin(list(parts))]
    if annotated.empty:
        raise DatasetError(
            Message(
                "{source} has no annotations for the split {split} of {dataset}: annotate some of its images.",
                source=parts.source,
                split=split,
                dataset=data.name,
            )
        )
    measurement = _Measurement(clf, parts, settings)
    rows: list[dict[str, Any]] = []
    done, complete = 0, True
    # Of no image at all, so that a wrong layer or method is reported before the first one is read.
    measurement.heatmaps([], [])
    for batch in _batches(annotated.itertuples(), batch_size):
        rows += measurement.rows(batch)
        done += len(batch)
        if progress(done, len(annotated)) and done < len(annotated):
            complete = False
            break
    if not rows:
        raise DatasetError(
            Message(
                "None of the annotated images of {dataset} could be used ({problem})",
                dataset=data.name,
                problem=measurement.problems[0],
            )
        )
    skipped = {
        "not annotated": len(samples) - len(annotated),
        "unknown class": sum(unknown.values()),
        "unreadable": len(measurement.problems),
    }
    setup = replace(settings, layer=measurement.layer).as_dict() | {
        "model": clf.name,
        "fingerprint": clf.fingerprint,
        "input": clf.input_words,
        "class_names": list(clf.class_names),
        "notes": [as_data(note) for note in (*measurement.notes, *data.notes(split))],
        "data": data.name,
        "split": split,
        "data_fingerprint": data.fingerprint,
        "parts": parts.source,
        "parts_fingerprint": parts.fingerprint,
        "version": __version__,
    }
    columns = [f"{measure}:{part}" for part in parts.names for measure in MEASURES]
    return Attention(
        pd.DataFrame(rows, columns=[*_FACTS, *columns]),
        parts.names,
        {reason: n for reason, n in skipped.items() if n},
        tuple(measurement.problems),
        setup,
        complete,
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


class _ReadImage(NamedTuple):
    """An annotated image: its row of the samples, pixels as stored, and the masks of the parts it shows."""

    sample: Any
    image: Image
    masks: dict[str, Mask]


class _Occluded(NamedTuple):
    """An image with a part occluded, or with the part's shape occluded elsewhere as a control."""

    place: int
    part: str
    control: bool
    image: Image


class _Measurement:
    """The measurement of one model, a batch of images at a time."""

    def __init__(self, clf: Classifier, parts: Parts, settings: AttentionSettings):
        self.clf, self.parts, self.settings = clf, parts, settings
        self.fill = FILL_FUNCTIONS[settings.fill]
        self.problems: list[str] = []
        self.layer = settings.layer
        self.notes: tuple[str, ...] = ()

    def heatmaps(self, images: list[Image], labels: list[str]) -> list[Heatmap]:
        """Explain images as the model sees them; those of one size together."""
        from carvis.explain import heatmaps

        settings = self.settings
        maps: list[Heatmap] = []
        places = list(range(len(images)))
        groups = [list(group) for _, group in groupby(places, key=lambda place: images[place].shape)]
        blank = np.zeros((0, *self.clf.probe_size, self.clf.channels), np.uint8)
        for group in groups or [[]]:
            maps += heatmaps(
                self.clf,
                np.stack([images[place] for place in group]) if group else blank,
                settings.method,
                settings.target,
                settings.layer,
                score=settings.score,
                batch_size=max(len(group), 1),
                seed=settings.seed,
                labels=[labels[place] for place in group],
            )
        return maps

    def rows(self, samples: Iterable[Any]) -> list[dict[str, Any]]:
        """Return a row for each image that can be read."""
        read: list[_ReadImage] = []
        rows: list[dict[str, Any]] = []
        for sample in samples:
            if sum(entry.image.nbytes for entry in read) > _MAX_BYTES:
                rows += self._measured(read)
                read = []
            try:
                image, turn = self.clf.read_image(sample.path), turn_of(sample.path, self.clf.reading)
                # Annotations lie on the upright image; all is measured on the image that the model sees.
                masks = self.parts.present(sample.id, turned_upright(image, turn).shape[:2])
                masks = {name: turned_as_stored(mask, turn) for name, mask in masks.items()}
                read.append(_ReadImage(sample, image, masks))
            except (ImageError, TableError) as error:
                self.problems.append(message_of(error))
        return rows + self._measured(read)

    def _measured(self, read: list[_ReadImage]) -> list[dict[str, Any]]:
        if not read:
            return []
        images = [self.clf.fit(entry.image) for entry in read]
        maps = self.heatmaps(images, [entry.sample.label for entry in read])
        self.layer, self.notes = maps[0].layer, maps[0].notes
        rows = [
            self._row(entry.sample, entry.masks, heatmap, image.shape[:2])
            for entry, heatmap, image in zip(read, maps, images, strict=True)
        ]
        if self.settings.occlude:
            self._occlude(read, maps, rows)
        return rows

    def _row(self, sample: Any, masks: dict[str, Mask], heatmap: Heatmap, size: tuple[int, int]) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": sample.id,
            "label": sample.label,
            "predicted": heatmap.predicted_name,
            "confidence": heatmap.confidence,
            "right": heatmap.predicted_name == sample.label,
            "target": heatmap.target_name,
            "probability": float(heatmap.probabilities[heatmap.target]),
            "status": heatmap.status,
        }
        # Of a part that nobody looked for nothing is known.
        unknown = self.parts.unknown.get(sample.id, frozenset())
        known = [part for part in self.parts.names if part not in unknown]
        row |= {f"area:{part}": float(masks[part].mean()) if part in masks else 0.0 for part in known}
        if heatmap.status == "ok":
            # A part that is not there holds no evidence.
            row |= {f"{measure}:{part}": 0.0 for part in known for measure in ("share", "point")}
        if heatmap.status == "ok" and masks:
            covers = np.stack([measures.coverage(mask, size) for mask in masks.values()])
            place = measures.summit(heatmap.positive)
            for (part, mask), share in zip(masks.items(), measures.shares(heatmap.positive, covers), strict=True):
                row[f"share:{part}"] = float(share)
                row[f"point:{part}"] = float(measures.points_at(mask, place, self.settings.tolerance))
        return row

    def _occlude(self, read: list[_ReadImage], maps: list[Heatmap], rows: list[dict[str, Any]]) -> None:
        """Add to the rows what the model predicts with each part occluded, and with its shape occluded elsewhere."""
        for group in _batches(self._occluded(read, rows), _IMAGES_PER_CALL):
            predictions = self.clf.predict([occluded.image for occluded in group])
            for (place, part, control, _), probabilities in zip(group, predictions, strict=True):
                row, target, label = rows[place], maps[place].target, read[place].sample.label
                name = self.clf.class_names[int(probabilities.argmax())]
                prefix = "control " if control else ""
                fall = float(maps[place].probabilities[target] - probabilities[target])
                row[f"control:{part}" if control else f"fall:{part}"] = fall
                row[f"{prefix}changed:{part}"] = float(name != maps[place].predicted_name)
                row[f"{prefix}right:{part}"] = float(name == label)

    def _occluded(self, read: list[_ReadImage], rows: list[dict[str, Any]]) -> Iterator[_Occluded]:
        for place, (sample, image, masks) in enumerate(read):
            for part, mask in masks.items():
                if not mask.any():
                    continue
                yield _Occluded(place, part, False, self.clf.fit(self.fill(image, mask)))
                seed = (self.settings.seed, *(zlib.crc32(name.encode()) for name in (sample.id, part)))
                moved = elsewhere(mask, seed)
                rows[place][f"overlap:{part}"] = moved.overlap
                yield _Occluded(place, part, True, self.clf.fit(self.fill(image, moved.mask)))
