"""The tables that ``heatmaps`` writes on request: how faithful the maps are, and how alike those of two models."""

from pathlib import Path

from carvis.language import _, localised
from carvis.workspace import Cache, Workspace, atomic_write

SHEETS = ("faithfulness.csv", "comparison.csv")


class Sheets:
    """Collects the rows of both tables, a picture at a time."""

    def __init__(self, args, workspace: Workspace):
        self.rows: dict[str, list[dict]] = {name: [] for name in SHEETS}
        self.tests, self.compares = args.faithfulness, args.compare
        self.noted: set[tuple[str, str]] = set()
        self.cache = Cache(workspace.cache_dir / "faithfulness")

    def note(self, model: str, notes: tuple[str, ...]) -> None:
        """Say once what has to be known of a model's maps."""
        for note in notes:
            if (model, note) not in self.noted:
                self.noted.add((model, note))
                print(f"{model}: {localised(note)}")

    def add(self, picture: str, image: Path, models: dict, maps: dict) -> dict[str, str]:
        """Test and compare the maps of one picture as far as asked for; return the verdict on each map tested."""
        from carvis.explain import compare_maps, evidence_swap, faithfulness

        verdicts = {}
        if self.tests:
            for name, heatmap in maps.items():
                found = faithfulness(models[name], [image], [heatmap], cache=self.cache)[0]
                verdicts[name] = found.verdict
                self.rows["faithfulness.csv"].append({"picture": picture, "model": name, **found.facts()})
        if self.compares:
            table = compare_maps(maps, evidence_swap(models, image, maps))
            self.rows["comparison.csv"] += [{"picture": picture, **row} for row in table.to_dict("records")]
        return verdicts

    def write(self, out: Path) -> None:
        """Write the tables that were asked for, and say in a line what they found."""
        import pandas as pd

        from carvis.tables import to_csv

        for name, rows in self.rows.items():
            if rows:
                atomic_write(out / name, to_csv(pd.DataFrame(rows)))
        tested = pd.DataFrame(self.rows["faithfulness.csv"])
        for model, own in tested.groupby("model", sort=False) if len(tested) else ():
            better = int((own["verdict"] == "better").sum())
            changed = int(own["changes_with_weights"].sum())
            print(
                _(
                    "{model}: {better} of {n} maps are better than a random map and the middle, {changed} "
                    "change with the weights"
                ).format(model=model, better=better, n=len(own), changed=changed)
            )
