"""What a person drew a line around or clicked on the map: kept in the session until it is saved as a set."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.image_map.spaces import Space
from ui.state import selection

_LASSO = "_image_map_lasso"


def ids(space: Space) -> frozenset[str]:
    """Return the ids of the images lassoed or clicked on the map of these images; none where nothing is."""
    key, found = st.session_state.get(_LASSO, ("", frozenset()))
    return found if key == _key(space) else frozenset()


def take(space: Space, keys: NDArray[np.float64], add: bool) -> None:
    """Keep the images that the points with these keys stand for; no keys forget what was kept.

    Args:
        space: whose images are on the map.
        keys: as ``keys.keys_of`` makes them.
        add: whether what was kept before stays.
    """
    found = frozenset(space.ids_of(keys)) | (ids(space) if add else frozenset())
    st.session_state[_LASSO] = (_key(space), found)
    selection.change(page=1, open="")


def clear() -> None:
    """Forget what was lassoed."""
    st.session_state.pop(_LASSO, None)


def _key(space: Space) -> str:
    # Of the same images, whichever model they are laid out by.
    return f"{space.dataset}/{'+'.join(space.splits)}"
