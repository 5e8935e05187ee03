"""``AssumptionCheck``: how many images are right under each assumption, and what follows."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape

import pandas as pd

from carvis.errors import CarvisError
from carvis.evaluation.assumptions.class_orders import CHOSEN
from carvis.evaluation.assumptions.fact_names import assumption_name, comma_list, fact_name, value_name
from carvis.evaluation.assumptions.schema import Document
from carvis.evaluation.comparison.significance import p_words
from carvis.language import Message, localised
from carvis.workspace import check_json, json_text

LEVEL = 0.001
# A difference with a corrected p below this is worth more images.
PROMISING = 0.1
COLUMNS = ["assumption", "value", "against", "right", "n", "accuracy", "p", "verdict"]
MARKS = ["reference", "kept", "either"]


@dataclass(frozen=True, eq=False)
class AssumptionCheck:
    """What a sample of images with known classes says about the assumptions under which a model is used.

    Attributes:
        model, data: names.
        splits: where the images come from.
        n: how many images could be read.
        assumed: the facts as they were assumed: preprocessing, resize, class_names, ...
        table: one row per alternative: assumption, value, against (what it was tested against), right, n, accuracy, p
            (exact McNemar, after Holm's correction over all rows) and verdict (``assumed``, ``clearly better``,
            ``clearly worse``, ``cannot tell``). The first row is the assumed one.
        changes: facts with another value that is clearly better than the assumed one.
        settled: facts whose value is clearly better than every alternative: what may go into the card.
        rivals: for each other fact the values that cannot be distinguished from the best.
        order: which order the class names of ``changes`` are in.
        above_chance: whether under the best assumption the outputs mean these classes, beyond chance.
        reason: why not all was tried: ``no image of its classes``, ``unreadable``, ``not finite``, ``too slow``.
        complete: whether every alternative was tried; a quick check stops where none could win any more.
        seconds: what it cost.
    """

    model: str
    data: str
    splits: tuple[str, ...]
    n: int
    assumed: dict
    table: pd.DataFrame
    changes: dict
    settled: dict
    rivals: dict
    order: str = CHOSEN
    above_chance: bool = False
    reason: str = ""
    complete: bool = True
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """``another is better``, ``as assumed`` (nothing could be better) or ``cannot tell``."""
        if self.changes or self._either:
            return "another is better"
        return "as assumed" if self.above_chance and not self.rivals and not self.reason else "cannot tell"

    @property
    def messages(self) -> tuple[Message, ...]:
        """The findings, each in a sentence."""
        if self.table.empty:
            return (self._nothing(),)
        sentences = [*self._better(), *self._undecided(), *self._rest()]
        if "test" in self.splits:
            sentences.append(Message("These images are of the test split, since {data} has no others.", data=self.data))
        return tuple(sentences)

    @property
    def warnings(self) -> tuple[Message, ...]:
        """The findings that bear on every result of this model: another assumption is better, or none is any good."""
        return self.messages if self.verdict == "another is better" or not self.above_chance else ()

    @property
    def remarks(self) -> tuple[Message, ...]:
        """What has to stand beside a result: the warnings, or what is undecided; nothing where all is as assumed."""
        return () if self.verdict == "as assumed" else self.messages

    @property
    def promising(self) -> bool:
        """Whether another assumption has more images right, though not clearly so."""
        if self.verdict != "cannot tell" or self.reason or self.table.empty:
            return False
        before = self.table["right"].to_numpy()[self.table["reference"].to_numpy(int)]
        return bool(((self.table["p"] < PROMISING) & (self.table["right"] > before)).any())

    def remarks_on(self, assumed: Iterable[str]) -> tuple[Message, ...]:
        """Return the remarks as far as they are on facts that are still only assumed."""
        assumed = set(assumed)
        if self.warnings or self.reason:
            return self.remarks
        rivals = {fact: values for fact, values in self.rivals.items() if fact in assumed}
        return replace(self, rivals=rivals).remarks

    @property
    def _either(self) -> list[dict]:
        if "either" not in self.table:
            return []
        return self.table[self.table["either"].eq(True)].to_dict("records")

    def _nothing(self) -> Message:
        names = {"data": self.data, "model": self.model}
        if self.reason == "too slow":
            return Message(
                "The assumptions about {model} are not checked: it is too slow here for a quick check. Check them on "
                "page Models, or with summary MODEL --data DIR.",
                model=self.model,
            )
        if self.reason == "unreadable":
            return Message(
                "None of the images tried from {data} can be read: the assumptions about {model} cannot be checked.",
                **names,
            )
        if self.reason == "not finite":
            return Message(
                "{model} outputs NaN or infinity for the images of {data} with every preprocessing: its assumptions "
                "cannot be checked. Check its weights, or train it again.",
                **names,
            )
        return Message(
            "{data} has no images of the classes of {model}: its assumptions cannot be checked there.", **names
        )

    def _undecided(self) -> list[Message]:
        if not (rows := self._either):
            return []
        base = self.table.iloc[int(rows[0]["reference"])]
        values = [
            Message(
                "{value} ({right} right)", value=assumption_name(row["assumption"], row["value"]), right=row["right"]
            )
            for row in rows
        ]
        return [
            Message(
                "As assumed, {fewer} of {n} images are right. Each of these is clearly better, but these images do not "
                "show which one holds: {values}.",
                fewer=int(base["right"]),
                n=rows[0]["n"],
                values=comma_list(values),
            ),
            self._save_hint(),
        ]

    def _save_hint(self) -> Message:
        return Message(
            "If you know which {model} was trained with, save it in its card (page Models, or summary MODEL "
            "--save-card with --preprocessing, --classes, --resize, ...).",
            model=self.model,
        )

    def _better(self) -> list[Message]:
        rows = self.table[self.table["verdict"] == "clearly better"]
        sentences = []
        for row in rows.to_dict("records"):
            if row["kept"] is not True:
                continue
            base = self.table.iloc[int(row["reference"])]
            sentences.append(
                Message(
                    "With {value}, {right} of {n} images are right; with {other}, {fewer} (exact McNemar test, {p} "
                    "after Holm's correction).",
                    value=assumption_name(row["assumption"], row["value"]),
                    right=row["right"],
                    n=row["n"],
                    other=assumption_name(row["assumption"], row["against"]),
                    fewer=int(base["right"]),
                    p=p_words(row["p"]),
                )
            )
        if sentences and set(self.changes) & set(self.rivals):
            sentences.append(self._save_hint())
        elif sentences:
            sentences.append(
                Message(
                    "{model} was most likely trained this way: save it in its card (page Models, or summary MODEL "
                    "--data DIR --save-card).",
                    model=self.model,
                )
            )
        return sentences

    def _rest(self) -> list[Message]:
        right, n = int(self.table["right"].iloc[0]), int(self.table["n"].iloc[0])
        if self.reason == "too slow":
            return [
                Message(
                    "As assumed, {right} of {n} images are right. The other assumptions are not checked: {model} is "
                    "too slow here for a quick check. Check them on page Models, or with summary MODEL --data DIR.",
                    right=right,
                    n=n,
                    model=self.model,
                )
            ]
        if not self.above_chance:
            return [
                Message(
                    "As assumed, {right} of {n} images are right: too few to determine the preprocessing, class order "
                    "or resize method.",
                    n=n,
                    right=right,
                )
            ]
        sentences = []
        if self.verdict != "another is better":
            sentences.append(
                Message(
                    "As assumed, {right} of {n} images are right; no other assumption is clearly better.",
                    right=right,
                    n=n,
                )
            )
        for fact, values in self.rivals.items():
            listed = comma_list([self._with_figure(fact, value) for value in values])
            sentences.append(
                Message("{fact}: these images do not distinguish {values}.", fact=fact_name(fact), values=listed)
            )
        return sentences

    def _with_figure(self, fact: str, value: str) -> str:
        """Say a value with how many images are right under it, where all else is as assumed."""
        text, rows = value_name(fact, value), self.table[self.table["assumption"] == fact]
        if self.changes or rows.empty:
            return text
        of_value = rows[rows["value"] == value]
        row = of_value.iloc[-1] if len(of_value) else self.table.iloc[int(rows["reference"].iloc[-1])]
        return Message("{value} ({right} of {n})", value=text, right=int(row["right"]), n=int(row["n"]))

    def __repr__(self) -> str:
        return f"AssumptionCheck({self.model!r} on {self.n} images of {self.data!r}: {self.verdict})"

    def __str__(self) -> str:
        return "\n".join(self.messages)

    def shown(self) -> pd.DataFrame:
        """Return the rows worth reading: the assumed one, each alternative by itself, and what is clearly better."""
        single = ~self.table["assumption"].str.contains(",")
        accepted = self.table["kept"].eq(True) | self.table["either"].eq(True)
        return self.table[single | accepted][COLUMNS].reset_index(drop=True)

    def _repr_html_(self) -> str:
        paragraphs = "".join(f"<p>{escape(localised(message))}</p>" for message in self.messages)
        return paragraphs + self.shown().to_html(index=False, float_format=lambda value: f"{value:.3g}")

    def to_json(self) -> dict:
        """Return everything as JSON values, to be kept."""
        facts = vars(self) | {"table": self.table.to_dict("records")}
        return json.loads(json_text(facts))

    @classmethod
    def from_json(cls, facts: dict) -> "AssumptionCheck":
        """Return what ``to_json`` wrote.

        Raises:
            CarvisError: another version of carvis wrote it, or it is damaged.
        """
        facts = check_json(facts, Document, "assumption_check")
        if any(row["reference"] >= len(facts["table"]) for row in facts["table"]):
            raise CarvisError(Message("assumption_check is damaged: check the assumptions again."))
        table = pd.DataFrame(facts["table"], columns=[*COLUMNS, *MARKS])
        return cls(**facts | {"splits": tuple(facts["splits"]), "table": table})
