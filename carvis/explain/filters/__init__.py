"""Filter patterns: the pictures that excite single channels of a layer most.

Each part is a file: what is to grow (``objective``), what is changed to make it grow (``parametrisation``), what is
done to the picture on its way to the model (``transforms``), the loop (``ascent``), patterns on disk (``keeping``), and
the call that brings them together (``render``).
"""

from carvis.explain.filters.patterns import FilterPatterns


def __getattr__(name: str):
    if name in ("draw_filters", "filter_patterns"):
        from carvis.explain.filters import render

        return getattr(render, name)
    raise AttributeError(f"module 'carvis.explain.filters' has no attribute {name!r}")


__all__ = ["FilterPatterns", "draw_filters", "filter_patterns"]
