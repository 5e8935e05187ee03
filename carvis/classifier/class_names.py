"""The names of a model's classes, which the model file does not hold."""

from collections.abc import Sequence
from pathlib import Path

from carvis.classifier.card import ModelCard, card_path
from carvis.classifier.files.label_file import bears_name_of, names_beside, read_class_names
from carvis.dataset import Dataset
from carvis.errors import ModelError
from carvis.language import Message
from carvis.workspace.sample_ids import composed


def names_of_classes(
    path: Path,
    count: int,
    requested: Sequence[str] | str | Path | None,
    card: ModelCard | None,
    data: Sequence[Dataset],
    assumptions: list[Message],
    encoding: str | None = None,
) -> list[str]:
    """Return one name a class: those given, else the card's, else those of a file beside the model or of a data set.

    Args:
        path: the model file.
        count: the number of classes of the model.
        requested: names, or a file of names.
        data: the data sets that the images lie in.
        assumptions: what has to be assumed is added here, one sentence each.
        encoding: of the file given; found out where None.

    Raises:
        ModelError: the file given cannot be read, or holds another number of names.
    """
    dataset_names = [name for dataset in data for name in dataset.class_names]
    if isinstance(requested, (str, Path)):
        names = read_class_names(requested, dataset_names, encoding)
        if len(names) != count:
            raise ModelError(
                Message(
                    "{file} names {n} classes, but {model} has {count}: give one name per class, in the model's order.",
                    file=requested,
                    n=len(names),
                    model=path.name,
                    count=count,
                )
            )
        return names
    if requested is not None:
        return list(requested)
    if card and card.class_names:
        if len(card.class_names) == count:
            return list(card.class_names)
        assumptions.append(
            Message(
                "The card {card} names {n} classes, but the model has {count}: its names are ignored.",
                card=card_path(path).name,
                n=len(card.class_names),
                count=count,
            )
        )
    return (
        _beside(path, count, dataset_names, assumptions)
        or _from_datasets(count, data, assumptions)
        or _numbers(count, assumptions)
    )


def keras_names(data: Dataset, count: int) -> list[str] | None:
    """Return a data set's class names in Keras' order where there are ``count`` of them, else None."""
    return data.keras_names_of(count)


def _beside(path: Path, count: int, dataset_names: list[str], assumptions: list[Message]) -> list[str] | None:
    composed_names = {composed(name) for name in dataset_names}
    fitting, foreign, others = {}, [], []
    for file, names in names_beside(path, dataset_names).items():
        if len(names) != count:
            others.append((file, len(names)))
        elif composed_names and not composed_names & set(map(composed, names)):
            foreign.append(file)
        else:
            fitting[file] = names
    own = {file: names for file, names in fitting.items() if bears_name_of(file, path)}
    fitting = own or fitting
    different = {tuple(names) for names in fitting.values()}
    if len(different) == 1:
        file, names = next(iter(fitting.items()))
        assumptions.append(Message("The class names come from {file}, beside the model.", file=file.name))
        return names
    if len(different) > 1:
        files = ", ".join(file.name for file in fitting)
        assumptions.append(
            Message("{files}, beside the model, disagree on the class names: all are ignored.", files=files)
        )
    elif foreign:
        assumptions.append(
            Message("{file}, beside the model, names no class of the data set: it is ignored.", file=foreign[0].name)
        )
    elif others:
        file, n = others[0]
        assumptions.append(
            Message(
                "{file}, beside the model, names {n} classes, but the model has {count}: it is ignored.",
                file=file.name,
                n=n,
                count=count,
            )
        )
    return None


def _from_datasets(count: int, data: Sequence[Dataset], assumptions: list[Message]) -> list[str] | None:
    fitting = {tuple(names): dataset for dataset in data if (names := keras_names(dataset, count))}
    if len(fitting) == 1:
        borrowed, dataset = next(iter(fitting.items()))
        assumptions.append(
            Message(
                "The class names are assumed to be those of the data set {data}, in Keras' folder order.",
                data=dataset.name,
            )
        )
        return list(borrowed)
    if len(fitting) > 1:
        names_of_datasets = ", ".join(dataset.name for dataset in fitting.values())
        assumptions.append(
            Message(
                "The data sets {data} all have as many classes as the model, so none provides the class names.",
                data=names_of_datasets,
            )
        )
    return None


def _numbers(count: int, assumptions: list[Message]) -> list[str]:
    assumptions.append(
        Message(
            "The names of the {count} classes are unknown: they are called class 0 to class {last}.",
            count=count,
            last=count - 1,
        )
    )
    return [f"class {i}" for i in range(count)]
