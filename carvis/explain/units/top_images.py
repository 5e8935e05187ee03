"""From filters to pictures: the pictures of a split that excite each filter of a layer most, and where."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from typing_extensions import TypedDict

from carvis.classifier import Classifier
from carvis.classifier.geometry.frame import Frame
from carvis.dataset import Dataset, Unreadable
from carvis.errors import CarvisError, DatasetError
from carvis.explain.input_frame import turn_for, upright_maps
from carvis.explain.keras.layer_outputs import layer_outputs
from carvis.images import place_upright
from carvis.language import Message
from carvis.workspace import Cache, content_hash, json_text, modified, read_json
from carvis.workspace.json_schema import Count, Listed, Number, Positive, Sentence, Share, Texts

_MAX_BYTES = 100_000_000


class _Rows(TypedDict):
    filter: Listed[Count]
    rank: Listed[Positive]
    id: Texts
    value: Listed[Number]
    x: Listed[Share]
    y: Listed[Share]


class _Kept(TypedDict):
    rows: _Rows
    skipped: dict[str, Sentence]
    pictures: Count


_COLUMNS = ("filter", "rank", "id", "value", "x", "y")


@dataclass(frozen=True, eq=False)
class ExcitingPictures:
    """What excites the filters of a layer.

    Attributes:
        table: columns filter, rank (1 is the most exciting), id, path, label, value (the largest activation), x and y
            (the middle of its cell as a share of the upright picture's width and height). A filter that no picture
            excites has no row.
        skipped: why a picture was left out, by its id.
        pictures: how many were looked at.
        layer, model_name, fingerprint, data, split: what was asked.
    """

    table: pd.DataFrame
    skipped: dict[str, str]
    pictures: int
    layer: str
    model_name: str
    fingerprint: str
    data: str
    split: str

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import exciting_html

        return exciting_html(self)

    def of(self, filter: int) -> pd.DataFrame:
        """Return the rows of one filter, the most exciting picture first."""
        return self.table[self.table["filter"] == filter]


def exciting_pictures(
    clf: Classifier,
    data: Dataset,
    split: str,
    layer: str,
    *,
    most: int = 6,
    cache: Cache | None = None,
    watch: Callable[[int, int], bool | None] = lambda done, total: None,
) -> ExcitingPictures:
    """Find, in one pass over a split, the pictures that excite each filter of a layer most.

    A picture's value for a filter is the largest activation of its channel (Zhou et al., "Object Detectors Emerge in
    Deep Scene CNNs", 2015); of equal ones, as an activation with an upper bound gives, that with the higher mean, then
    the first by id.

    Args:
        layer: path of a layer with a map as output.
        most: how many pictures a filter.
        cache: keeps the result under the hash of the model, the layer and the pictures.
        watch: called with the number of pictures done and to do, first with none done, unless the result was kept;
            returns True to stop, and the result is then that of the pictures looked at, and is not kept.

    Raises:
        ModelError: no such layer, or one without a map.
        DatasetError: no such split, or no picture in it that can be read.
    """
    clf.map_layer(layer)
    samples = data.samples(split)
    facts = {"layer": layer, "model_name": clf.name, "fingerprint": clf.fingerprint, "data": data.name, "split": split}
    key = content_hash("exciting pictures 3", clf.fingerprint, layer, most, _stamps(samples))
    if cache and (kept := cache.get(key, ".json")):
        # A damaged file in the cache is made anew.
        with contextlib.suppress(CarvisError, ValueError):
            return _joined(read_json(kept, _Kept, max_bytes=_MAX_BYTES), samples, facts)
    reasons, best = Unreadable(), None
    paths = samples["path"].tolist()
    stopped = bool(watch(0, len(paths)))
    for places, (output,) in () if stopped else layer_outputs(clf, paths, [layer], unreadable=reasons):
        best = _better(best, places, output, most)
        if stopped := bool(watch(int(places[-1]) + 1, len(paths))):
            break
    if best is None and stopped:
        return _joined({"rows": dict.fromkeys(_COLUMNS, ()), "skipped": {}, "pictures": 0}, samples, facts)
    if best is None:
        why = f" ({next(iter(reasons.reasons.values()))})" if reasons.reasons else ""
        raise DatasetError(
            Message(
                "None of the {n} pictures in {folder} can be read{why}",
                n=len(samples),
                folder=data.folder(split),
                why=why,
            )
        )
    skipped = {samples["id"].iloc[place]: reason for place, reason in sorted(reasons.reasons.items())}
    rows = _rows(clf, best, samples, layer)
    found = {"rows": rows, "skipped": skipped, "pictures": len(paths) - len(skipped)}
    if stopped:
        found["pictures"] = best.looked_at
    elif cache:
        with contextlib.suppress(CarvisError):
            cache.put(key, ".json", json_text(found | {"skipped": skipped}).encode())
    return _joined(found, samples, facts)


def activation_maps(clf: Classifier, paths: list[str], layer: str, filter: int) -> list[np.ndarray]:
    """Return where a filter of a layer answers in each upright picture: float32 (h, w) each, what is negative as 0.

    Raises:
        ImageError: a picture cannot be read.
    """
    for path in paths:
        clf.read_image(path)
    batches = layer_outputs(clf, paths, [layer], unreadable=Unreadable())
    maps = [np.maximum(one[..., filter], 0) for _, (output,) in batches for one in output]
    return [
        upright_maps([_frame(clf, path, layer).onto_image(one[None])[0]], turn_for(clf, path))[0]
        for path, one in zip(paths, maps, strict=True)
    ]


def _frame(clf: Classifier, path: str, layer: str) -> Frame:
    """Return how a layer's map lies on a picture."""
    return clf.layer_frame(layer, clf.fit(clf.read_image(path)).shape[:2] if clf.native_size else clf.input_size)


@dataclass
class _Best:
    """The highest values of each channel so far, (c, most), their maps' means, where, and how many were looked at."""

    values: np.ndarray
    means: np.ndarray
    places: np.ndarray
    cells: np.ndarray
    shape: tuple[int, int]
    looked_at: int


def _better(best: _Best | None, places: np.ndarray, output: np.ndarray, most: int) -> _Best:
    count, height, width, depth = output.shape
    flat = output.reshape(count, height * width, depth)
    cells = flat.argmax(axis=1)
    values = np.take_along_axis(flat, cells[:, None], axis=1)[:, 0]
    found = [values.T, flat.mean(axis=1).T, np.broadcast_to(places, (depth, count)), cells.T]
    if best is not None:
        kept = best.values, best.means, best.places, best.cells
        found = [np.concatenate(both, axis=1) for both in zip(kept, found)]
    # What is no number excites nothing. Pictures come in the order of their ids, which a stable sort keeps.
    order = np.lexsort([-np.nan_to_num(part, nan=-np.inf) for part in (found[1], found[0])], axis=1)[:, :most]
    kept = (np.take_along_axis(part, order, axis=1) for part in found)
    return _Best(*kept, (height, width), count + (best.looked_at if best else 0))


def _rows(clf: Classifier, best: _Best, samples: pd.DataFrame, layer: str) -> dict[str, list]:
    channel, rank = np.nonzero(np.isfinite(best.values) & (best.values > 0))
    cells = best.cells[channel, rank]
    height, width = best.shape
    rows = best.places[channel, rank]
    paths = {row: samples["path"].iloc[row] for row in set(rows.tolist())}
    frames = {row: _frame(clf, path, layer) for row, path in paths.items()}
    turns = {row: turn_for(clf, path) for row, path in paths.items()}
    where = []
    for row, x, y in zip(rows.tolist(), (cells % width + 0.5) / width, (cells // width + 0.5) / height):
        down, across = frames[row].point(y, x)
        where.append(place_upright(across, down, turns[row]))
    return {
        "filter": channel.tolist(),
        "rank": (rank + 1).tolist(),
        "id": samples["id"].to_numpy()[rows].tolist(),
        "value": best.values[channel, rank].astype(float).tolist(),
        "x": [float(x) for x, _ in where],
        "y": [float(y) for _, y in where],
    }


def _joined(found: dict, samples: pd.DataFrame, facts: dict) -> ExcitingPictures:
    """Add what belongs to this machine: the pictures' paths."""
    table = pd.DataFrame(found["rows"]).astype({"id": str})
    here = samples.set_index("id")[["path", "label"]]
    table = table.join(here, on="id")[["filter", "rank", "id", "path", "label", "value", "x", "y"]]
    return ExcitingPictures(table, dict(found["skipped"]), int(found["pictures"]), **facts)


def _stamps(samples: pd.DataFrame) -> list:
    """Describe the pictures so that one that was replaced is noticed."""
    return [[row.id, int(row.size), modified(row.path)] for row in samples.itertuples(index=False)]
