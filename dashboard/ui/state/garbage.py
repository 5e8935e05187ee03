"""What lives as long as the server, taken out of garbage collection.

Streamlit collects garbage after every run of a page, and with TensorFlow loaded Python then looks at half a million
objects of modules, which takes longer than drawing most pages.
"""

import gc
from functools import cache


@cache
def set_aside(loaded: str) -> None:
    """Take all objects there are out of garbage collection, once a server for each name.

    Args:
        loaded: what has just been loaded. No model is open yet: one that is closed later is to be freed.
    """
    gc.collect()
    gc.freeze()
