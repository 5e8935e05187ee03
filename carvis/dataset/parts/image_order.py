"""``drawing_order``: in which order a person annotates images, so that the first few stand for all."""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import chain, zip_longest


def drawing_order(ids: Iterable[str], right: Mapping[str, bool] | None = None, seed: int = 0) -> list[str]:
    """Put sample ids into a random order; where predictions are known, a mistake and a correct one by turns.

    The place of an image depends on its id and the seed alone, so that an image that is added moves no other one. Once
    either kind runs out, the rest follows.

    Args:
        ids: of the images.
        right: whether the prediction of an image is right; images that are not in it come last. None for none.
        seed: of the order.
    """
    shuffled = sorted(ids, key=lambda sample: hashlib.sha256(f"{seed} {sample}".encode()).digest())
    if right is None:
        return shuffled
    # Of a table the values are no bool of Python's.
    mistakes = [sample for sample in shuffled if sample in right and not right[sample]]
    correct = [sample for sample in shuffled if right.get(sample)]
    turns = chain.from_iterable(zip_longest(mistakes, correct))
    return [sample for sample in turns if sample is not None] + [s for s in shuffled if s not in right]
