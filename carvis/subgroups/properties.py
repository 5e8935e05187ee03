"""What images are described by, and how an interval or a value of it is said: ``dark images (brightness under 60)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.language import Message

# A column a tag, with one of two values.
TAG, TAGGED, UNTAGGED = "tag:", "yes", "no"
# Made of what the model did, or of what a person thought of it: no property of the image.
OUTCOMES = ("predicted",)
# Of the class or of the model: useless where the class is to be predicted from a property.
OF_CLASS = ("label", "super_class", "predicted", "cluster")


@dataclass(frozen=True)
class Property:
    """A property whose values are numbers.

    Attributes:
        name: what it is called within a sentence.
        low: the images that have little of it.
        high: the images that have much of it.
        step: ends of intervals are multiples of it.
        unit: behind a number; ``%`` shows a share of 1 as per cent.
    """

    name: Callable[[], Message]
    low: Callable[[], Message]
    high: Callable[[], Message]
    step: float = 1.0
    unit: str = ""

    def number(self, value: float) -> str:
        """Write a value with its unit."""
        if self.unit == "%":
            return f"{round(100 * value, 6):g} %"
        return f"{round(value, 6):g} {self.unit}".rstrip()


PROPERTIES: Mapping[str, Property] = {
    "brightness": Property(
        lambda: Message("brightness"), lambda: Message("dark images"), lambda: Message("bright images")
    ),
    "centre_brightness": Property(
        lambda: Message("brightness of the middle"),
        lambda: Message("images with a dark middle"),
        lambda: Message("images with a bright middle"),
    ),
    "contrast": Property(
        lambda: Message("contrast"), lambda: Message("low-contrast images"), lambda: Message("high-contrast images")
    ),
    "sharpness": Property(
        lambda: Message("sharpness"), lambda: Message("blurred images"), lambda: Message("sharp images"), step=5
    ),
    "tint": Property(
        lambda: Message("tint, CIELAB a*"),
        lambda: Message("greenish images"),
        lambda: Message("reddish images"),
        step=0.5,
    ),
    "warmth": Property(
        lambda: Message("warmth, CIELAB b*"),
        lambda: Message("bluish images"),
        lambda: Message("yellowish images"),
        step=0.5,
    ),
    "saturation": Property(
        lambda: Message("saturation"), lambda: Message("pale images"), lambda: Message("colourful images"), step=0.5
    ),
    "size": Property(
        lambda: Message("shorter side"), lambda: Message("small images"), lambda: Message("large images"), unit="px"
    ),
    "aspect_ratio": Property(
        lambda: Message("width by height"), lambda: Message("tall images"), lambda: Message("wide images"), step=0.01
    ),
    "quality": Property(
        lambda: Message("JPEG quality"),
        lambda: Message("strongly compressed images"),
        lambda: Message("lightly compressed images"),
    ),
    "near_duplicates": Property(
        lambda: Message("near-duplicates in the data set"),
        lambda: Message("images with few near-duplicates"),
        lambda: Message("images with many near-duplicates"),
    ),
    "training_duplicates": Property(
        lambda: Message("near-duplicates in training"),
        lambda: Message("images with few near-duplicates in training"),
        lambda: Message("images with many near-duplicates in training"),
    ),
    "training_distance": Property(
        lambda: Message("distance to the nearest training image"),
        lambda: Message("images close to training images"),
        lambda: Message("images far from training images"),
        step=0.005,
    ),
    "object_share": Property(
        lambda: Message("object's share of the image"),
        lambda: Message("images of a small object"),
        lambda: Message("images of a large object"),
        step=0.01,
        unit="%",
    ),
    "object_x": Property(
        lambda: Message("object's distance from the left edge"),
        lambda: Message("images with the object on the left"),
        lambda: Message("images with the object on the right"),
        step=0.01,
        unit="%",
    ),
    "object_y": Property(
        lambda: Message("object's distance from the top edge"),
        lambda: Message("images with the object at the top"),
        lambda: Message("images with the object at the bottom"),
        step=0.01,
        unit="%",
    ),
    "object_brightness": Property(
        lambda: Message("brightness of the object"),
        lambda: Message("images of a dark object"),
        lambda: Message("images of a bright object"),
    ),
    "object_saturation": Property(
        lambda: Message("saturation of the object"),
        lambda: Message("images of a pale object"),
        lambda: Message("images of a colourful object"),
        step=0.5,
    ),
}

_VALUES: Mapping[str, tuple[Callable[[], Message], Callable[[str], Message]]] = {
    "label": (lambda: Message("true class"), lambda value: Message("images of class {value}", value=value)),
    "super_class": (
        lambda: Message("super-class"),
        lambda value: Message("images of super-class {value}", value=value),
    ),
    "predicted": (
        lambda: Message("predicted class"),
        lambda value: Message("images predicted as {value}", value=value),
    ),
    "format": (lambda: Message("file format"), lambda value: Message("{value} files", value=value)),
    "cluster": (
        lambda: Message("feature cluster"),
        lambda value: Message("images of feature cluster {value}", value=value),
    ),
}


def property_name(key: str) -> Message:
    """Return what a property is called; one of a person's own by its column's name."""
    if key in PROPERTIES:
        return PROPERTIES[key].name()
    if key in _VALUES:
        return _VALUES[key][0]()
    if key.startswith(TAG):
        return Message("tag {tag}", tag=key.removeprefix(TAG))
    return Message("{column}", column=key)


@dataclass(frozen=True)
class Condition:
    """An interval or a value of one property.

    Attributes:
        key: of the property, a column of ``ImageProperties.table``.
        low: the least number that belongs to it; None for no bound.
        high: the number from which on none belongs to it; None for no bound.
        value: the value, of a property that is no number.
    """

    key: str
    low: float | None = None
    high: float | None = None
    value: str | None = None

    def holds(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Return for which images of a table it holds, bool (N,); for none that lacks the property."""
        column = table[self.key]
        if self.value is not None:
            return (column == self.value).to_numpy(bool)
        values = column.to_numpy(float)
        inside = ~np.isnan(values)
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values < self.high
        return inside

    @property
    def images(self) -> Message:
        """The images for which it holds, in words."""
        if self.value is not None:
            return self._of_value(self.value)
        name, known = property_name(self.key), PROPERTIES.get(self.key)
        low, high = (None if end is None else _number(known, end) for end in (self.low, self.high))
        if low is not None and high is not None:
            return Message("images with {property} from {low} to under {high}", property=name, low=low, high=high)
        if high is not None:
            if known is None:
                return Message("images with {property} under {high}", property=name, high=high)
            return Message("{images} ({property} under {high})", images=known.low(), property=name, high=high)
        if known is None:
            return Message("images with {property} of at least {low}", property=name, low=low)
        return Message("{images} ({property} at least {low})", images=known.high(), property=name, low=low)

    def _of_value(self, value: str) -> Message:
        if self.key in _VALUES:
            return _VALUES[self.key][1](value)
        if self.key.startswith(TAG):
            return Message("images tagged {tag}", tag=self.key.removeprefix(TAG))
        return Message("images with {property} {value}", property=property_name(self.key), value=value)


def is_number(column: pd.Series) -> bool:
    """Tell whether a property has intervals rather than values."""
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def _number(known: Property | None, value: float) -> str:
    return known.number(value) if known else f"{value:.6g}"


def rounded(key: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round ends of intervals to what a sentence can say, so that it names exactly the images that were counted."""
    known = PROPERTIES.get(key)
    if known is not None:
        return np.round(np.round(values / known.step) * known.step, 9)
    with np.errstate(divide="ignore"):
        digits = np.where(values == 0, 0.0, np.floor(np.log10(np.abs(values))))
    scale = 10.0 ** (2 - digits)
    return np.round(values * scale) / scale


def together_in_words(conditions: tuple[Condition, ...]) -> Message:
    """Return the images for which one or two conditions hold, in words."""
    if len(conditions) == 1:
        return conditions[0].images
    first, second = conditions
    return Message("{first} that are also {second}", first=first.images, second=second.images)
