"""Facts that are assumed of a model, and their values, in words."""

from collections.abc import Sequence

from carvis.evaluation.assumptions.class_orders import CHOSEN, FITTED
from carvis.language import Message


def fact_name(fact: str) -> str:
    """Name a fact in words."""
    return {
        "preprocessing": Message("preprocessing"),
        "class_names": Message("class order"),
        "resize": Message("resize"),
        "alpha": Message("transparent images"),
        "orientation": Message("EXIF orientation"),
        "output": Message("output"),
    }.get(fact, fact)


def value_name(fact: str, value: str) -> str:
    """Say a value of a fact in words: the orders of the classes have names of their own, all else is a name."""
    if fact != "class_names":
        return value
    return {
        CHOSEN: Message("as assumed"),
        FITTED: Message("that fits the predictions"),
        "keras": Message("of the folders in Keras"),
        "composed": Message("of composed names (NFC)"),
        "decomposed": Message("of decomposed names (NFD)"),
        "natural": Message("by number (class2 before class10)"),
        "caseless": Message("regardless of case"),
    }.get(value) or Message("of {file}", file=value)


def assumption_name(assumption: str, value: str) -> str:
    """Say one assumption or two together: ``preprocessing tf``, ``preprocessing tf, class order by number``."""
    parts = [
        Message("{fact} {value}", fact=fact_name(fact), value=value_name(fact, value))
        for fact, value in zip(assumption.split(", "), value.split(" | "))
    ]
    return comma_list(parts)


def comma_list(texts: Sequence[str]) -> str:
    """Join words by commas; messages among them stay messages."""
    first, *rest = texts
    return Message("{first}, {second}", first=first, second=comma_list(rest)) if rest else first
