"""Filter patterns of several layers in one go, and the layers that a model's blocks begin with."""

from collections.abc import Iterable, Mapping

from carvis.classifier import Classifier
from carvis.explain.filters.patterns import FilterPatterns
from carvis.explain.filters.render import draw_filters, filter_indices
from carvis.explain.filters.settings import FilterSettings
from carvis.progress import Progress, no_progress
from carvis.workspace import Cache


def first_of_each_block(clf: Classifier) -> list[str]:
    """List the first convolution at each size of map, from the input to the output.

    A block ends where the map shrinks, so names do not matter; of VGG16 they are block1_conv1 to block5_conv1.
    """
    firsts: dict[tuple[int | None, ...], str] = {}
    for path in clf.conv_layers:
        firsts.setdefault(tuple(clf.map_layer(path).shape[1:3]), path)
    return list(firsts.values())


def draw_layers(
    clf: Classifier,
    filters: Mapping[str, Iterable[int] | None],
    settings: FilterSettings | None = None,
    *,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> dict[str, FilterPatterns]:
    """Draw filter patterns of several layers, one layer after the other.

    Args:
        filters: by layer, the indices of channels; None for the first 64.
        settings: as ``draw_filters`` takes them.
        cache: as ``draw_filters`` takes it.
        progress: called with the number of filters done and to do, of all layers together; returns True to stop, and
            the result then holds the layers that were begun.

    Raises:
        ModelError: no such layer or filter; found before anything is drawn.
    """
    plan = {layer: filter_indices(clf, layer, indices) for layer, indices in filters.items()}
    total, before, stopped = sum(map(len, plan.values())), 0, False
    patterns: dict[str, FilterPatterns] = {}

    def of_all(done: float, _total: float) -> bool:
        nonlocal stopped
        stopped = bool(progress(before + done, total))
        return stopped

    for layer, indices in plan.items():
        patterns[layer] = draw_filters(clf, layer, indices, settings, cache=cache, progress=of_all)
        before += len(indices)
        if stopped:
            break
    return patterns
