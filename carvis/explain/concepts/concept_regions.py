"""Concepts as parts: their regions are masks, so that all that is measured of annotated parts is measured of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.dataset.parts import Parts
from carvis.errors import DatasetError
from carvis.explain.concepts.regions import paired_regions, part_matches, region, region_overlaps
from carvis.explain.concepts.result import Concepts, rank_correlation
from carvis.language import Message
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import content_hash

if TYPE_CHECKING:
    from carvis.explain.attention import Attention

Mask = NDArray[np.bool_]


def concept_parts(found: Concepts, data: Dataset, *, every: bool = False, progress: Progress = no_progress) -> Parts:
    """Return the regions of concepts as parts, for ``attention_on_parts``: heatmaps on them, their occlusion.

    Concepts that a person gave one name are one part.

    Args:
        found: the concepts.
        data: the data set that they were found in.
        every: take all images of the split, not those alone that the concepts were found in; needs the model.
        progress: called with (images done, images in all).

    Raises:
        DatasetError: no image of the concepts is there.
        ModelError: ``every``, and the concepts were opened without their model.
        StoppedError: ``progress`` asked to stop.
    """
    samples = data.samples(str(found.setup["split"]))
    grids = dict(zip(found.images["id"], found.image_maps, strict=True))
    paths = dict(zip(samples["id"].tolist(), map(str, samples["path"]), strict=True))
    missing = [sample for sample in paths if sample not in grids] if every else []
    for place, sample in enumerate(missing):
        advance(progress, place, len(missing))
        [grids[sample]] = found.maps([paths[sample]])
    labels = [found.label(concept) for concept in range(len(found))]
    drawn = {
        sample: partial(_draw, grid, found.thresholds, labels) for sample, grid in grids.items() if sample in paths
    }
    if not drawn:
        raise DatasetError(
            Message("None of the images of the concepts is in {data}: choose the data set they are of.", data=data.name)
        )
    mark = content_hash("concept parts", found.key, labels, sorted(drawn))
    source = f"concepts of {found.setup['model']}"
    return Parts(tuple(dict.fromkeys(labels)), mark, source, (), drawn, {sample: paths[sample] for sample in drawn})


def _draw(
    grid: NDArray[np.float32], thresholds: NDArray[np.floating], labels: list[str], size: tuple[int, int]
) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for concept, label in enumerate(labels):
        mask = region(grid[..., concept], float(thresholds[concept]), size)
        masks[label] = masks[label] | mask if label in masks else mask
    return masks


def match_parts(found: Concepts, parts: Parts) -> pd.DataFrame:
    """Tell how well the regions of concepts match annotated parts: see ``part_matches``.

    Raises:
        TableError: a mask cannot be read.
        DatasetError: none of the images is annotated.
    """
    annotated = [(sample, grid) for sample, grid in zip(found.images["id"], found.image_maps) if sample in parts]
    if not annotated:
        raise DatasetError(
            Message(
                "{source} annotates none of the {n} images of the concepts.", source=parts.source, n=len(found.images)
            )
        )
    masks = [parts.masks(sample) or {} for sample, _ in annotated]
    return part_matches([grid for _, grid in annotated], found.thresholds, masks, parts.names)


def match_concepts(first: Concepts, second: Concepts) -> pd.DataFrame:
    """Tell which concepts two models share, by the overlap of their regions in the same images.

    Returns:
        As ``paired_regions``, and n, the number of common images.

    Raises:
        DatasetError: the two have no image in common.
    """
    others = dict(zip(second.images["id"], second.image_maps, strict=True))
    common = [(grid, others[sample]) for sample, grid in zip(first.images["id"], first.image_maps) if sample in others]
    if not common:
        raise DatasetError(
            Message(
                "The concepts of {first} and {second} share no image and cannot be compared: take those "
                "of all classes.",
                first=first.setup["model"],
                second=second.setup["model"],
            )
        )
    ours, theirs = zip(*common, strict=True)
    overlaps = region_overlaps(ours, first.thresholds, theirs, second.thresholds)
    return paired_regions(overlaps).assign(n=len(common))


def confirmed_by_occlusion(found: Concepts, attention: Attention) -> float:
    """Return Spearman's rank correlation of the concepts' importance with what painting out their regions costs.

    The cost is the fall of the probability beyond that of the same shape painted out elsewhere (``net``). Concepts that
    share a name count as one, with the largest of their importances.

    Args:
        attention: of the parts that ``concept_parts`` gave.

    Returns:
        NaN for fewer than three concepts.
    """
    importance: dict[str, float] = {}
    for concept in range(len(found)):
        label = found.label(concept)
        importance[label] = max(importance.get(label, 0.0), float(found.importance[concept]))
    net = attention.by_part["net"].reindex(list(importance)).to_numpy(float)
    return rank_correlation(np.array(list(importance.values())), net)
