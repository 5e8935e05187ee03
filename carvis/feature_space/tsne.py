"""Points in the plane by t-SNE, started from the principal components."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from carvis.progress import Progress, advance

Method = Literal["PCA", "t-SNE (scikit-learn)", "t-SNE (openTSNE)"]
METHODS: tuple[Method, ...] = get_args(Method)
# Fewer vectors have no neighbourhood that t-SNE could keep.
_FEWEST = 8
# scikit-learn cannot be stopped: so many take it two seconds. Of more, openTSNE is as fast (1,500 of 1280: 6.2 s of a
# processor against 5.7; 20,000: 55 s), tells how far it is and stops.
_MOST_SCIKIT_LEARN = 500
_PERPLEXITY = 30
# Neighbours are compared in the first principal components, as van der Maaten & Hinton (2008) do in 30.
_COMPONENTS = 50
# Of the start, which is to decide where groups lie and not how far apart: Kobak & Berens (2019).
_START_SPREAD = 1e-4
_EXAGGERATED_STEPS, _STEPS = 250, 500


def plane_points(units: NDArray[np.float32], seed: int, progress: Progress) -> tuple[NDArray[np.float32], Method]:
    """Return a point in the plane for each vector, and how they were found.

    Args:
        units: (N, d), finite.
        seed: of the random numbers of PCA and t-SNE.
        progress: called with (per cent done, 100).
    """
    from threadpoolctl import threadpool_limits

    components = principal_components(units, seed)
    start = components[:, :2]
    if len(units) < _FEWEST or not start.any():
        return start, "PCA"
    start = start / start[:, 0].std() * _START_SPREAD
    advance(progress, 5, 100)
    # The sum of several threads' parts depends on their number.
    with threadpool_limits(1, user_api="openmp"):
        if len(units) <= _MOST_SCIKIT_LEARN:
            return _by_scikit_learn(components, start, seed), "t-SNE (scikit-learn)"
        return _by_opentsne(components, start, seed, progress), "t-SNE (openTSNE)"


def principal_components(units: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return the first principal components (N, at most 50), at least two columns."""
    from sklearn.decomposition import PCA

    n = min(_COMPONENTS, *units.shape)
    found = np.zeros((len(units), max(n, 2)), np.float32)
    # Where all are equal nothing varies, and its shares would be divisions by 0.
    if len(units) > 1 and (units != units[0]).any():
        found[:, :n] = PCA(n, random_state=seed).fit_transform(units)
    return found


def _perplexity(n: int) -> float:
    return min(_PERPLEXITY, (n - 1) / 3)


def _by_scikit_learn(vectors: NDArray[np.float32], start: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE

    tsne = TSNE(
        perplexity=_perplexity(len(vectors)), init=start, max_iter=_EXAGGERATED_STEPS + _STEPS, random_state=seed
    )
    return np.asarray(tsne.fit_transform(vectors), np.float32)


def _by_opentsne(
    vectors: NDArray[np.float32], start: NDArray[np.float32], seed: int, progress: Progress
) -> NDArray[np.float32]:
    from openTSNE import TSNE

    steps = 0
    every = 10

    def callback(_step: int, _error: float, _points: NDArray[Any]) -> None:
        nonlocal steps
        steps += every
        advance(progress, 10 + 85 * steps / (_EXAGGERATED_STEPS + _STEPS), 100)

    tsne = TSNE(
        perplexity=_perplexity(len(vectors)),
        initialization=start.astype(np.float64),
        early_exaggeration_iter=_EXAGGERATED_STEPS,
        n_iter=_STEPS,
        callbacks=callback,
        callbacks_every_iters=every,
        random_state=seed,
    )
    return np.asarray(tsne.fit(vectors), np.float32)
