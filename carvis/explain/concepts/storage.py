"""``Concepts`` on disk: arrays in an ``.npz``, the rest as JSON beside it. Reading them needs no TensorFlow."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from annotated_types import Len
from typing_extensions import TypedDict

from carvis.dataset import Dataset, workspace_of
from carvis.errors import ModelError
from carvis.explain.concepts.result import Concepts
from carvis.explain.concepts.settings import ConceptSettings
from carvis.explain.score import Score
from carvis.feature_space import SplitContent
from carvis.language import Message
from carvis.workspace import (
    Cache,
    CacheFormat,
    Unusable,
    atomic_write,
    content_hash,
    json_text,
    load_cached,
    modified,
    open_arrays,
    read_json,
)
from carvis.workspace.json_schema import Count, Listed, Number, Positive, Sentence, Share, Texts

if TYPE_CHECKING:
    from carvis.classifier import Classifier

# Another number where the same settings would now give another result.
FORMAT = 1
_MAX_BYTES = 200_000_000
_KEY = re.compile(r"[0-9a-f]{64}")
_CROPS = ("concept", "rank", "id", "value", "left", "top", "right", "bottom")
_IMAGES = ("id", "label", "predicted", "right", "score", "probability")


def concepts_key(
    model: tuple[str, Sequence[str]],
    images: tuple[str, str],
    subject: tuple[Sequence[int], float],
    n: int,
    seed: int,
    settings: ConceptSettings,
) -> str:
    """Return the name of a result in the cache.

    Args:
        model: fingerprint and class names.
        images: ``split_fingerprint`` and the split.
        subject: the classes' indices, and the weight of the second one.
        settings: with the path of the layer, None for the default one.
    """
    fingerprint, class_names = model
    classes, gamma = subject
    made_by = [n, seed, settings.as_dict()]
    return content_hash(
        "concepts", FORMAT, [fingerprint, list(class_names)], list(images), [list(classes), float(gamma)], made_by
    )


def split_fingerprint(data: Dataset, split: str) -> str:
    """Return a hash of what a split's images hold: other splits may come and go, and files be copied elsewhere."""
    samples = data.samples(split)
    columns = (samples[name].tolist() for name in ("id", "size", "path"))
    stamps = [[sample, int(size), modified(path)] for sample, size, path in zip(*columns, strict=True)]
    return _content(str(data.root), split, content_hash(stamps))


# Where the workspace cannot be written, files are read once a process.
@lru_cache(maxsize=32)
def _content(root: str, split: str, stamps: str) -> str:
    data = Dataset(root)
    # Where an image cannot be read, its time tells it from another.
    return SplitContent(data.samples(split), workspace_of(data, None)).read() or stamps


class _Crops(TypedDict):
    concept: Listed[Count]
    rank: Listed[Positive]
    id: Texts
    value: Listed[Number]
    left: Listed[Share]
    top: Listed[Share]
    right: Listed[Share]
    bottom: Listed[Share]


class _Images(TypedDict):
    id: Annotated[Texts, Len(1)]
    label: Texts
    predicted: Texts
    right: Listed[bool]
    score: Listed[Number]
    probability: Listed[Share]


class _Setup(TypedDict):
    # A field to mypy, a setting to pydantic.
    __pydantic_config__ = {"extra": "allow"}  # type: ignore[misc]  # noqa: RUF012
    key: str
    model: str
    fingerprint: str
    class_names: Texts
    data: str
    split: str
    subject: str
    classes: Listed[Count]
    layer: str
    signed: bool
    score: Score
    n: Positive
    seed: Count
    crops: Positive
    notes: Listed[Sentence]


class _Facts(TypedDict):
    crops: _Crops
    images: _Images
    names: Texts
    reconstruction_error: Number
    position_error: Number
    setup: _Setup


def _arrays(found: Concepts) -> bytes:
    content = io.BytesIO()
    arrays = {name: getattr(found, name) for name in ("bank", "indices", "falls", "changed", "right", "stability")}
    # One array for all maps: they may differ in size.
    arrays["map_sizes"] = np.array([grid.shape[:2] for grid in found.image_maps], np.int32)
    arrays["maps"] = np.concatenate([grid.reshape(-1, len(found)) for grid in found.image_maps]).astype(np.float16)
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def _facts(found: Concepts) -> bytes:
    facts = {
        "crops": found.crops[list(_CROPS)].to_dict("list"),
        "images": found.images[list(_IMAGES)].to_dict("list"),
        "names": list(found.names),
        "reconstruction_error": found.reconstruction_error,
        "position_error": found.position_error,
        "setup": found.setup,
    }
    return json_text(facts).encode()


def _decode(path: Path) -> Concepts:
    facts: _Facts = read_json(path.with_suffix(".json"), _Facts, max_bytes=_MAX_BYTES)
    crops, images = pd.DataFrame(facts["crops"]), pd.DataFrame(facts["images"])
    with open_arrays(path, max_bytes=_MAX_BYTES) as arrays:
        bank = arrays.read("bank", "f", (None, None))
        k, n = len(bank), len(images)
        sizes = arrays.read("map_sizes", "i", (n, 2))
        ends = np.cumsum(sizes.astype(np.int64).prod(axis=1))
        maps = arrays.read("maps", "f", (int(ends[-1]), k)).astype(np.float32)
        grids = np.split(maps, ends[:-1])
        consistent = k > 0 and (sizes > 0).all() and len(facts["names"]) == k
        # The key names the file in which a person's names are kept.
        if not consistent or not set(crops["concept"]) <= set(range(k)) or not _KEY.fullmatch(facts["setup"]["key"]):
            raise Unusable(Message("it is damaged, or no file of arrays"))
        return Concepts(
            bank=bank,
            crops=crops,
            images=images,
            indices=arrays.read("indices", "f", (None, k)),
            falls=arrays.read("falls", "f", (n, k)),
            changed=arrays.read("changed", "b", (n, k)),
            right=arrays.read("right", "b", (n, k)),
            image_maps=tuple(grid.reshape(*size, k) for grid, size in zip(grids, sizes.tolist(), strict=True)),
            reconstruction_error=facts["reconstruction_error"],
            position_error=facts["position_error"],
            stability=arrays.read("stability", "f", (k,)),
            names=tuple(facts["names"]),
            setup=dict(facts["setup"]),
        )


CONCEPTS_FORMAT = CacheFormat(".npz", _arrays, _decode, {".json": _facts})


def load_cached_concepts(cache: Cache | None, key: str) -> Concepts | None:
    """Return concepts from the cache, or None where they have to be found."""
    return load_cached(cache, key, CONCEPTS_FORMAT)


def save_concepts(found: Concepts, path: str | Path) -> None:
    """Write concepts to ``path``, which ends in ``.npz``, and to a ``.json`` of the same name.

    Raises:
        CarvisError: they cannot be written.
    """
    path = Path(path).with_suffix(".npz")
    atomic_write(path, _arrays(found))
    atomic_write(path.with_suffix(".json"), _facts(found))


def load_concepts(path: str | Path, clf: Classifier | None = None) -> Concepts:
    """Read what ``save_concepts`` wrote.

    Args:
        path: the ``.npz``.
        clf: the model that the concepts are of, for ``Concepts.maps``.

    Raises:
        CarvisError: a file is missing or damaged.
        ModelError: ``clf`` is another model.
    """
    from dataclasses import replace

    found = _decode(Path(path).with_suffix(".npz"))
    if clf is not None and clf.fingerprint != found.setup["fingerprint"]:
        raise ModelError(
            Message("These concepts are of {model}, not of {other}.", model=found.setup["model"], other=clf.name)
        )
    return replace(found, clf=clf)
