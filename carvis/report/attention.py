"""The attention of a report's models: what was measured in full, else a quick look at a sample of the images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carvis.errors import CarvisError
from carvis.language import _, localised

if TYPE_CHECKING:
    from carvis.explain.attention import Attention
    from carvis.report.context import Context

# Pixels that a quick look may cost each model: 390 images of 160 x 160, 152 of 256 x 256.
_QUICK, _FEWEST, _MOST = 10_000_000, 60, 400


@dataclass(frozen=True)
class Measured:
    """A model's attention on parts.

    Attributes:
        attention: the figures.
        full: whether all annotated images were measured, each part occluded too; else heatmaps of a sample alone.
    """

    attention: Attention
    full: bool


def measured_attention(context: Context) -> dict[str, Measured]:
    """Return each model's attention by name; empty without annotated parts or models.

    It is kept from before, measured in full where the settings ask for it, else a quick one of heatmaps alone.
    """
    if context.data is None or not context.files:
        return {}
    from carvis.dataset.parts import stored_parts
    from carvis.explain.attention import AttentionSettings, attention_key, attention_on_parts, load_attention
    from carvis.workspace import Cache

    parts = stored_parts(context.data, context.split)
    if parts is None:
        return {}
    cache = Cache(context.cache_dir / "attention") if context.cache_dir else None
    by_model: dict[str, Measured] = {}
    for name, clf in context.classifiers.items():
        model, images = (clf.fingerprint, clf.class_names), (context.data.fingerprint, context.split)
        key = attention_key(model, images, parts.fingerprint, AttentionSettings())
        result = load_attention(cache, key)
        full = result is not None or context.settings.measure
        context.log(_("attention of {name}").format(name=name))
        try:
            if result is None and context.settings.measure:
                result = attention_on_parts(clf, context.data, context.split, parts, cache=cache)
            elif result is None:
                sample = parts.only(samples=_sample(list(parts), clf.probe_size))
                result = attention_on_parts(
                    clf, context.data, context.split, sample, AttentionSettings(occlude=False), cache=cache
                )
        except CarvisError as error:
            context.problems.append(localised(error))
            continue
        by_model[name] = Measured(result, full)
    return by_model


def _sample(ids: list[str], size: tuple[int, int]) -> list[str]:
    most = min(max(_QUICK // (size[0] * size[1]), _FEWEST), _MOST)
    if len(ids) <= most:
        return ids
    positions = np.random.default_rng(0).choice(len(ids), most, replace=False)
    return [ids[place] for place in sorted(positions)]
