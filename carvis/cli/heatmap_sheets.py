"""The tables that ``heatmaps`` writes: how faithful the heatmaps are, and how similar those of two models."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carvis.language import _, localised
from carvis.workspace import Cache, Workspace, atomic_write

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.explain import Heatmap
    from carvis.explain.faithfulness_metrics.verdict import Verdict

SHEETS = ("faithfulness.csv", "comparison.csv")


class Sheets:
    """Collects the rows of both tables, image by image."""

    def __init__(self, args: argparse.Namespace, workspace: Workspace):
        self.rows: dict[str, list[dict[Any, Any]]] = {name: [] for name in SHEETS}
        self.tests, self.compares = args.faithfulness, args.compare
        self.noted: set[tuple[str, str]] = set()
        self.cache = Cache(workspace.cache_dir / "faithfulness")

    def note(self, model: str, notes: Iterable[str]) -> None:
        """Print once what has to be known of a model's heatmaps."""
        for note in notes:
            if (model, note) not in self.noted:
                self.noted.add((model, note))
                print(f"{model}: {localised(note)}")

    def add(
        self, name: str, image: Path, models: Mapping[str, Classifier], maps: dict[str, Heatmap]
    ) -> dict[str, Verdict]:
        """Test and compare the heatmaps of one image as requested; return the verdict on each heatmap tested."""
        from carvis.explain import compare_maps, evidence_swap, faithfulness

        verdicts: dict[str, Verdict] = {}
        if self.tests:
            for model, heatmap in maps.items():
                [result] = faithfulness(models[model], [image], [heatmap], cache=self.cache)
                verdicts[model] = result.verdict
                self.rows["faithfulness.csv"].append({"image": name, "model": model, **result.facts()})
        if self.compares:
            table = compare_maps(maps, evidence_swap(dict(models), image, maps))
            self.rows["comparison.csv"] += [{"image": name, **row} for row in table.to_dict("records")]
        return verdicts

    def write(self, out: Path) -> None:
        """Write the tables that were requested, and print what they say in a line."""
        import pandas as pd

        from carvis.tables import to_csv

        for name, rows in self.rows.items():
            if rows:
                atomic_write(out / name, to_csv(pd.DataFrame(rows)))
        tested = pd.DataFrame(self.rows["faithfulness.csv"])
        for model, of_model in tested.groupby("model", sort=False) if len(tested) else ():
            better = int((of_model["verdict"] == "better").sum())
            changed = int(of_model["changes_with_weights"].sum())
            print(
                _(
                    "{model}: {better} of {n} heatmaps are better than the baselines, {changed} change with the weights"
                ).format(model=model, better=better, n=len(of_model), changed=changed)
            )
