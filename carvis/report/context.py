"""What the sections of a report draw on, each opened once and only when needed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from carvis.dataset import Dataset
from carvis.dataset.health import Health, check_dataset
from carvis.errors import CarvisError
from carvis.evaluation import Evaluation, label_errors
from carvis.evaluation.comparison import Comparison, compare
from carvis.evaluation.label_issues import WEAK
from carvis.images import thumbnail
from carvis.language import Message, _, localised
from carvis.report.attention import Measured, measured_attention
from carvis.report.settings import DEFAULT, ReportSettings
from carvis.subgroups import Shortcuts, Slices, shortcuts, slices

if TYPE_CHECKING:
    from carvis.classifier import Classifier

# More models than these, or wider names, are named by a letter wherever there is little room.
_MOST_NAMED, _WIDEST_NAME = 4, 18


@dataclass(eq=False)
class Context:
    """The material of a report.

    Attributes:
        evaluations: by model name, all of one data set and split.
        data: the data set, where its images are here.
        files: model files by name, as far as they are here.
        cache_dir: of the workspace, where measured attention and descriptors of images lie; or None.
        settings: what the report shows.
        log: called with a sentence on what is under way.
        problems: sentences on what is missing, collected on the way.
    """

    evaluations: dict[str, Evaluation]
    data: Dataset | None
    files: dict[str, Path]
    cache_dir: Path | None = None
    settings: ReportSettings = DEFAULT
    log: Callable[[str], None] = lambda text: None
    problems: list[str] = field(default_factory=list)

    @property
    def first(self) -> Evaluation:
        """The evaluation of the first model."""
        return next(iter(self.evaluations.values()))

    @property
    def split(self) -> str:
        """The evaluated split."""
        return self.first.split

    @property
    def data_name(self) -> str:
        """The name of the data set."""
        return self.first.setup["dataset"]["name"]

    @cached_property
    def comparison(self) -> Comparison | None:
        """All models on the images they share, highest accuracy on their own images first; None for a single one."""
        if len(self.evaluations) < 2:
            return None
        ordered = sorted(self.evaluations, key=lambda name: -self.evaluations[name].accuracy)
        return compare({name: self.evaluations[name] for name in ordered}, files=self.files)

    @cached_property
    def ranked(self) -> list[str]:
        """The models, highest accuracy first, on the images they share."""
        if self.comparison is None:
            return list(self.evaluations)
        return list(self.comparison.scoreboard["accuracy"].sort_values(ascending=False, kind="stable").index)

    @property
    def best(self) -> str:
        """The name of the model with the highest accuracy."""
        return self.ranked[0]

    @cached_property
    def keys(self) -> dict[str, str]:
        """What each model is called where there is little room: its name, or a letter by rank."""
        widths = [shown_width(name) for name in self.ranked]
        if len(widths) <= _MOST_NAMED and max(widths) <= _WIDEST_NAME:
            return {name: name for name in self.ranked}
        letters_suffice = len(self.ranked) <= 26
        return {name: chr(ord("A") + i) if letters_suffice else str(i + 1) for i, name in enumerate(self.ranked)}

    @property
    def lettered(self) -> bool:
        """Whether models are called by letters where there is little room."""
        return any(key != name for name, key in self.keys.items())

    def keyed(self, name: str) -> str:
        """A model's name with its letter before it, where letters are used."""
        return f"{self.keys[name]} · {name}" if self.lettered else name

    @cached_property
    def classifiers(self) -> dict[str, Classifier]:
        """The models that can be opened, by name, in the order of ``ranked``."""
        if not self.files:
            return {}
        from carvis.classifier import load_classifier

        classifiers = {}
        for name in (ranked_name for ranked_name in self.ranked if ranked_name in self.files):
            file = self.files[name]
            self.log(_("opening {name}").format(name=name))
            try:
                clf = load_classifier(file, **self.evaluations[name].model_facts)
                evaluated = self.evaluations[name].setup["model"].get("fingerprint")
                if evaluated not in (None, clf.fingerprint):
                    changed = Message(
                        "{file} changed since it was evaluated: its heatmaps are of the new model.", file=file.name
                    )
                    self.problems.append(localised(changed))
                classifiers[name] = clf
            except CarvisError as error:
                self.problems.append(localised(error))
        return classifiers

    @cached_property
    def health(self) -> Health | None:
        """What a check of the data set finds; None where its images are not here."""
        if self.data is None:
            return None
        cache = self.cache_dir / "health" if self.cache_dir else None
        return check_dataset(
            self.data, lambda done, total: self.log(_("checking {data}").format(data=self.data_name)), cache
        )

    @cached_property
    def slices(self) -> Slices | None:
        """Where the best model fails more than elsewhere; None where its images are not here."""
        if self.data is None or self.health is None:
            return None
        self.log(_("searching slices"))
        return slices(
            self.evaluations[self.best],
            self.data,
            health=self.health,
            named_super_classes=self.settings.super_classes,
            cache_dir=self.cache_dir,
        )

    @cached_property
    def shortcuts(self) -> Shortcuts | None:
        """Which properties of the training images give their class away; None where the images are not here."""
        if self.data is None or self.health is None:
            return None
        return shortcuts(self.data, health=self.health, cache_dir=self.cache_dir)

    @cached_property
    def label_issues(self) -> pd.DataFrame:
        """The label issues that models with an accuracy of at least a half agree on, gravest first."""
        usable = {name: evaluation for name, evaluation in self.evaluations.items() if evaluation.accuracy >= WEAK}
        if not usable:
            return pd.DataFrame(columns=["id", "label", "suggested"])
        errors = label_errors(usable)
        return errors[errors["above"]].reset_index(drop=True)

    @cached_property
    def attention(self) -> dict[str, Measured]:
        """Which parts the models look at, by name, as far as it was measured or is quickly measured now."""
        return measured_attention(self)

    def image(self, sample: str) -> Path | None:
        """Where a sample's image lies, or None."""
        try:
            return self.data.resolve(sample) if self.data else None
        except CarvisError:
            return None

    def thumbnail(self, sample: str) -> bytes | None:
        """A sample's image, small, as JPEG; None where it is not here or cannot be read."""
        path = self.image(sample)
        try:
            return thumbnail(path, 200) if path else None
        except CarvisError:
            return None


def shown_width(text: str) -> int:
    """How many Latin letters a text is as wide as; Japanese letters are as wide as two."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
