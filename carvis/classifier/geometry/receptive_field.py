"""Where the cells of a map are centred that a convolution, pooling or padding makes, by its arithmetic."""

import keras

from carvis.classifier.geometry.frame import Frame

L = keras.layers
_POOLING = (L.MaxPooling2D, L.AveragePooling2D)
_CONVOLUTIONS = (L.Conv2D, L.DepthwiseConv2D, L.SeparableConv2D)
# Padding adds places and a convolution without padding drops some: by less than this share of the image, or less than
# so many cells, the map is laid on all of the image, as is usual.
_SHARE, _CELLS = 0.1, 1.5


def exact_frame(step: keras.Operation, before: tuple[int, int], after: tuple[int, int]) -> Frame:
    """Return how the cells that a step makes lie on its input, each drawn about the middle of what it sees.

    Args:
        before, after: (height, width) of what the step takes and gives.
    """
    if getattr(step, "data_format", "channels_last") != "channels_last":
        return Frame()
    if isinstance(step, L.ZeroPadding2D):
        edges = [(-low, size + high) for (low, high), size in zip(step.padding, before)]
    elif isinstance(step, (*_POOLING, *_CONVOLUTIONS)):
        kernel = step.pool_size if isinstance(step, _POOLING) else step.kernel_size
        dilation = getattr(step, "dilation_rate", (1, 1))
        edges = [
            _edges((k - 1) * d + 1, s, n, m, step.padding)
            for k, d, s, n, m in zip(kernel, dilation, step.strides, before, after)
        ]
    else:
        return Frame()
    (top, bottom), (left, right) = ((low / size, high / size) for (low, high), size in zip(edges, before))
    return Frame(top, bottom, left, right)


def _edges(kernel: int, stride: int, size: int, cells: int, padding: str) -> tuple[float, float]:
    """Return where the first cell begins and the last one ends, in cells of the input."""
    added = max((cells - 1) * stride + kernel - size, 0) // 2 if padding == "same" else 0
    first = (kernel - stride) / 2 - added
    return first, first + cells * stride


def usual_or_exact(usual: Frame, exact: Frame, grid: tuple[int, int]) -> Frame:
    """Return the usual frame of a map, or the exact one where the two are far apart.

    Args:
        grid: (height, width) of the map.
    """
    if usual.transposed != exact.transposed:
        return usual
    rows, columns = reversed(grid) if usual.transposed else grid
    apart = [
        (abs(usual.top - exact.top), abs(usual.bottom - exact.bottom), abs(usual.bottom - usual.top) / max(rows, 1)),
        (abs(usual.left - exact.left), abs(usual.right - exact.right), abs(usual.right - usual.left) / max(columns, 1)),
    ]
    far = any(max(low, high) > max(_SHARE, _CELLS * cell) for low, high, cell in apart)
    return exact if far else usual
