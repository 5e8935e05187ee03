"""What the sections of a report draw on, each opened once and only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.evaluation import Evaluation
from carvis.evaluation.comparison import Comparison, compare


@dataclass(eq=False)
class Context:
    """The material of a report.

    Attributes:
        evaluations: by model name, all of one data set and split.
        data: the data set, where its pictures are here.
        files: model files by name, as far as they are here.
        cache_dir: of the workspace, where measured attention and descriptors of pictures lie; or None.
        pictures: rows of heatmaps at most; ``pairs``: confused pairs shown with pictures.
        method: of the heatmaps.
        measure: whether attention on parts is measured, and maps are tested, where that was not done yet.
        tell: called with a sentence on what is under way.
        problems: sentences on what could not be had, gathered on the way.
    """

    evaluations: dict[str, Evaluation]
    data: Dataset | None
    files: dict[str, Path]
    cache_dir: Path | None = None
    pictures: int = 8
    pairs: int = 5
    method: str = "grad-cam"
    measure: bool = False
    tell: Callable[[str], None] = lambda text: None
    problems: list[str] = field(default_factory=list)

    @property
    def first(self) -> Evaluation:
        return next(iter(self.evaluations.values()))

    @property
    def split(self) -> str:
        return self.first.split

    @cached_property
    def comparison(self) -> Comparison | None:
        """All models on the pictures they share; None for a single one."""
        return compare(self.evaluations, files=self.files) if len(self.evaluations) > 1 else None

    @cached_property
    def best(self) -> str:
        """The name of the model with the highest accuracy."""
        return max(self.evaluations, key=lambda name: self.evaluations[name].accuracy)

    @cached_property
    def classifiers(self) -> dict:
        """The models that can be opened, by name."""
        from carvis.classifier import load_classifier

        found = {}
        for name, file in self.files.items():
            self.tell(f"opening {name}")
            try:
                clf = load_classifier(file, **self.evaluations[name].model_facts)
                told = self.evaluations[name].setup["model"].get("fingerprint")
                if told not in (None, clf.fingerprint):
                    self.problems.append(
                        f"{file.name} was changed since it was evaluated: its maps are of the new one."
                    )
                found[name] = clf
            except CarvisError as error:
                self.problems.append(str(error))
        return found

    def picture(self, sample: str) -> Path | None:
        """Where a sample's picture lies, or None."""
        try:
            return self.data.resolve(sample) if self.data else None
        except CarvisError:
            return None
