"""What the selection means in this workspace: each name in it that exists, else a sensible start."""

from collections.abc import Callable, Collection
from pathlib import Path

from carvis.classifier.card import ModelCard, read_card
from carvis.errors import TableError
from carvis.evaluation import Evaluation
from carvis.workspace import is_demo
from ui.state import evaluations, selection, unreadable, workspace
from ui.state.fields import declared
from ui.state.i18n import _


def dataset_name() -> str:
    """Return the chosen data set's name, else that of the first one with evaluations; empty where there is none.

    The person's own data sets go before the demo.
    """
    roots = workspace.datasets()
    chosen = selection.get().data
    if chosen in roots:
        return chosen
    names = [name for name, root in roots.items() if not is_demo(root)] or list(roots)
    evaluated = {table.data for table in evaluations.saved().values()}
    candidates = [name for name in names if name in evaluated] or [name for name in names if _has_images(name)] or names
    return candidates[0] if candidates else ""


def _has_images(name: str) -> bool:
    with unreadable.item("data set", name):
        dataset = workspace.dataset(name)
        return any(len(dataset.samples(split)) for split in dataset.splits)
    return False


def splits(name: str) -> list[str]:
    """Return a data set's splits, none where it cannot be read."""
    with unreadable.item("data set", name):
        return list(workspace.dataset(name).splits) if name else []
    return []


def split() -> str:
    """Return the chosen split, else test, else the last there is."""
    available = splits(dataset_name())
    chosen = selection.get().split
    return chosen if chosen in available else (available[-1] if available else "")


def models(most: int = 3) -> list[str]:
    """Return the chosen models, else the first few that were evaluated on the chosen images, worst first."""
    files = workspace.model_files()
    chosen = [name for name in selection.get().model if name in files]
    if chosen:
        return chosen
    return by_accuracy([name for name in files if _is_for(name)] or list(files))[-most:]


def _is_for(model: str) -> bool:
    """Tell whether a model may be for the chosen data set: its card names no other one that is here."""
    path = workspace.model_files()[model]
    card = card_of(path)
    if unreadable.why("card", card_name(path)):
        return False
    folder = f"{dataset_name()}/{split()}/{model}"
    other_datasets = [name for name in workspace.datasets() if name != dataset_name()]
    return folder in evaluations.saved() or card is None or card.dataset not in other_datasets


def card_of(path: Path) -> ModelCard | None:
    """Read the card beside a model file; None where there is none, or where it cannot be read: the page then names it.

    Args:
        path: the model file.
    """
    with unreadable.item("card", card_name(path)):
        return read_card(path)
    return None


def card_name(path: Path) -> str:
    """Return the name by which a person knows the card of a model file."""
    return workspace.get().relative(path.with_suffix(".json"))


def by_accuracy(names: list[str]) -> list[str]:
    """Order models by their accuracy on the chosen images, those first whose evaluation cannot be read or is not."""
    folder = f"{dataset_name()}/{split()}"
    tables = {name: evaluations.saved().get(f"{folder}/{name}") for name in names}
    loaded = {name: read for name, table in tables.items() if table and (read := evaluation(table))}
    return sorted(names, key=lambda name: loaded[name].accuracy if name in loaded else -1.0)


def evaluation(table: evaluations.Table) -> Evaluation | None:
    """Read a saved evaluation, None where it cannot be: the page then names it among what is unreadable."""
    if unreadable.why("evaluation", table.name):
        return None
    with unreadable.item("evaluation", table.name):
        loaded = evaluations.load(table)
        if not isinstance(loaded.accuracy, int | float):
            # It orders the models on every page.
            sentence = _("{path} is damaged: evaluate the model on the data set again.")
            raise TableError(sentence.format(path=table.path / "metrics.json"))
        return loaded
    return None


def why_not(table: evaluations.Table) -> str:
    """Return why a saved evaluation cannot be read, empty where it can."""
    return "" if evaluation(table) else unreadable.why("evaluation", table.name)


def tables() -> dict[str, evaluations.Table]:
    """Return what page Misclassified can show: the evaluations on the chosen images, best first, then the files."""
    ours = evaluations.on(dataset_name(), split())
    listed = [ours[model] for model in reversed(by_accuracy(list(ours)))]
    return {table.name: table for table in listed} | evaluations.csv_tables()


def table() -> str:
    """Return the key of the chosen table, else of the chosen model's evaluation, else of the first; or nothing."""
    chosen, offered = selection.get(), tables()
    if chosen.table in offered:
        return chosen.table
    of_model = [key for key, entry in offered.items() if entry.model in chosen.model and entry.is_evaluation]
    return next(iter(of_model or offered), "")


def without_file() -> list[str]:
    """Return the chosen models of which the workspace holds evaluations but no model file."""
    files, evaluated = workspace.model_files(), evaluations.models()
    return [name for name in selection.get().model if name not in files and name in evaluated]


def unknown() -> list[str]:
    """Return the names in the selection that this workspace does not hold."""
    names_by_kind: dict[str, Callable[[], Collection[str]]] = {
        "data set": workspace.datasets,
        "split": lambda: splits(dataset_name()),
        # Of a model without its file the predictions are still there.
        "model": lambda: workspace.model_files().keys() | evaluations.models(),
        "table": tables,
        "evaluation": evaluations.saved,
    }
    values = selection.values()
    unknown_names: list[str] = []
    for name, field in declared().items():
        if field.names and name in values:
            value = values[name]
            listed = value if isinstance(value, tuple) else (str(value),)
            unknown_names += [item for item in listed if item not in names_by_kind[field.names]()]
    return unknown_names
