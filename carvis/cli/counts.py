"""How many there are of what a verb worked on, in words."""

from carvis.language import n_


def image_count(n: int) -> str:
    """Return the words for a number of images."""
    return n_("{n} image", "{n} images", n).format(n=f"{n:,}")


def model_count(n: int) -> str:
    """Return the words for a number of models."""
    return n_("{n} model", "{n} models", n).format(n=f"{n:,}")
