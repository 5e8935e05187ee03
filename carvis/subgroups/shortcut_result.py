"""``Shortcuts``: properties that give the class away, each with its clearest example."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from carvis.evaluation.comparison import p_words
from carvis.language import Message, together
from carvis.subgroups.properties import Condition, property_name

COLUMNS = ("sentence", "property", "accuracy", "chance", "p", "example", "label", "n", "share")


@dataclass(frozen=True)
class Shortcut:
    """A property that alone predicts the class better than chance.

    Attributes:
        key: of the property.
        accuracy: balanced accuracy of a shallow decision tree on images that it was not fitted to.
        chance: what guessing reaches.
        p: against permuted labels, corrected for the number of properties (Holm).
        example: the images that give their class away most clearly, None where none stand out.
        label: their most frequent class.
        n: how many images the example holds for.
        share: of them in that class.
    """

    key: str
    accuracy: float
    chance: float
    p: float
    example: Condition | None
    label: str
    n: int
    share: float

    @property
    def sentence(self) -> Message:
        """What predicts the class, how well, and for example."""
        finding = Message(
            "{property} alone predicts the class: balanced accuracy {accuracy}, chance {chance} ({p}).",
            property=property_name(self.key),
            accuracy=f"{100 * self.accuracy:.0f} %",
            chance=f"{100 * self.chance:.0f} %",
            p=p_words(self.p),
        )
        if self.example is None:
            return finding
        example = Message(
            "For example {images}: {share} of {n} are {label}.",
            images=self.example.images,
            share=f"{100 * self.share:.0f} %",
            n=f"{self.n:,}",
            label=self.label,
        )
        return together([finding, example])


@dataclass(frozen=True, eq=False)
class Shortcuts:
    """The properties of a split that give the class away, the clearest first.

    Attributes:
        split: the split.
        shortcuts: the findings.
        tested: the properties that were tested.
        n: images that were counted: of each group of near-duplicates one.
        notes: what could not be tested.
    """

    split: str
    shortcuts: tuple[Shortcut, ...]
    tested: tuple[str, ...]
    n: int
    notes: tuple[Message, ...] = ()

    def __len__(self) -> int:
        return len(self.shortcuts)

    def __repr__(self) -> str:
        return f"Shortcuts({len(self.shortcuts)} of {len(self.tested)} properties, {self.n} images of {self.split})"

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a shortcut: sentence, property, accuracy, chance, p, example, label, n, share (see ``Shortcut``)."""
        rows = [
            (
                one.sentence,
                one.key,
                one.accuracy,
                one.chance,
                one.p,
                one.example.images if one.example else "",
                one.label,
                one.n,
                one.share,
            )
            for one in self.shortcuts
        ]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        # As pandas' own strings messages would stay English.
        for place, name in ((0, "sentence"), (5, "example")):
            table[name] = pd.Series([row[place] for row in rows], dtype=object)
        return table

    @property
    def finding(self) -> Message:
        """How many properties give the class away, and what that means."""
        if not self.tested:
            return Message("Shortcuts cannot be looked for: there are too few images of each class.")
        if not self.shortcuts:
            return Message("No shortcut: no property of the images alone predicts the class noticeably.")
        return Message.of_number(
            "{n} property of the images alone predicts the class: a model may learn it in place of the object.",
            "{n} properties of the images alone predict the class: a model may learn them in place of the object.",
            len(self.shortcuts),
        )
