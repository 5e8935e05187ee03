"""The codec of the selection: between URL parameters and values, and what a change sets back."""

import math
from typing import Any

from ui.state.fields import Field, Value, Values, declared

_LONGEST, _MOST = 400, 60


def decode(params: dict[str, list[str]]) -> tuple[Values, list[str]]:
    """Read values from URL parameters: the values, and the names of the parameters that are invalid."""
    values: dict[str, Value] = {}
    invalid = []
    for name, field in declared().items():
        if texts := params.get(name):
            try:
                parsed = [_parse(field, text) for text in texts[:_MOST]]
            except ValueError:
                invalid.append(name)
                continue
            values[name] = tuple(dict.fromkeys(map(str, parsed))) if isinstance(field.start, tuple) else parsed[-1]
    return without_starts(values), invalid


def _parse(field: Field, text: str) -> str | int:
    if len(text) > _LONGEST or not text.isprintable() or (field.choices and text not in field.choices):
        raise ValueError(field.name)
    if not isinstance(field.start, int):
        return text
    number = float(text)
    if not math.isfinite(number) or not (field.bounds is None or field.bounds[0] <= number <= field.bounds[1]):
        raise ValueError(field.name)
    return int(number)


def encode(values: Values) -> dict[str, list[str]]:
    """Write values as URL parameters."""
    return {
        name: [str(item) for item in value] if isinstance(value, tuple) else [str(value)]
        for name, value in without_starts(values).items()
    }


def without_starts(values: Values) -> Values:
    """Leave out what is as at the start."""
    fields = declared()
    return {name: value for name, value in values.items() if value != fields[name].start}


def changed(values: Values, **changes: Any) -> Values:
    """Return values with some of them changed, and with those set back that depend on them."""
    fields = declared()
    reset: set[str] = set()
    for name, value in changes.items():
        previous = values.get(name, fields[name].start)
        # Naming what a page had chosen by itself is no change.
        if previous != value and (previous or name not in ("data", "split", "table")):
            reset.update(fields[name].resets)
    remaining = {name: value for name, value in values.items() if name not in reset}
    return without_starts(remaining | changes)
