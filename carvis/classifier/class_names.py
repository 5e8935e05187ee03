"""Which names a model's classes have, where the model file does not say."""

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
    given: Sequence[str] | str | Path | None,
    card: ModelCard | None,
    data: Sequence[Dataset],
    said: list[str],
    encoding: str | None = None,
) -> list[str]:
    """Return one name a class: those given, else the card's, else those of a file beside the model or of a data set.

    Args:
        path: the model file.
        count: how many classes the model tells apart.
        given: names, or a file of names.
        data: the data sets that the images lie in.
        said: what has to be assumed is added here, one sentence each.
        encoding: of the file given; found out where None.

    Raises:
        ModelError: the file given cannot be read, or holds another number of names.
    """
    known = [name for one in data for name in one.class_names]
    if isinstance(given, (str, Path)):
        names = read_class_names(given, known, encoding)
        if len(names) != count:
            raise ModelError(
                Message(
                    "{file} names {n} classes, but {model} tells {count} apart: give one name a class, in the model's "
                    "order.",
                    file=given,
                    n=len(names),
                    model=path.name,
                    count=count,
                )
            )
        return names
    if given is not None:
        return list(given)
    if card and card.class_names:
        if len(card.class_names) == count:
            return list(card.class_names)
        said.append(
            Message(
                "The card {card} names {n} classes, but the model has {count}: its names are not used.",
                card=card_path(path).name,
                n=len(card.class_names),
                count=count,
            )
        )
    return _beside(path, count, known, said) or _lent(count, data, said) or _numbers(count, said)


def keras_names(data: Dataset, count: int) -> list[str] | None:
    """Return a data set's class names in Keras' order where there are ``count`` of them, else None."""
    return data.keras_names_of(count)


def _beside(path: Path, count: int, known: list[str], said: list[str]) -> list[str] | None:
    likely = {composed(name) for name in known}
    fitting, foreign, others = {}, [], []
    for file, names in names_beside(path, known).items():
        if len(names) != count:
            others.append((file, len(names)))
        elif likely and not likely & set(map(composed, names)):
            foreign.append(file)
        else:
            fitting[file] = names
    own = {file: names for file, names in fitting.items() if bears_name_of(file, path)}
    fitting = own or fitting
    different = {tuple(names) for names in fitting.values()}
    if len(different) == 1:
        file, names = next(iter(fitting.items()))
        said.append(Message("The class names are those of {file}, which lies beside the model.", file=file.name))
        return names
    if len(different) > 1:
        files = ", ".join(file.name for file in fitting)
        said.append(
            Message("{files} beside the model name its classes differently: none of them is used.", files=files)
        )
    elif foreign:
        said.append(
            Message(
                "{file} beside the model names no class of the data set: its names are not used.", file=foreign[0].name
            )
        )
    elif others:
        file, n = others[0]
        said.append(
            Message(
                "{file} beside the model names {n} classes, but the model has {count}: its names are not used.",
                file=file.name,
                n=n,
                count=count,
            )
        )
    return None


def _lent(count: int, data: Sequence[Dataset], said: list[str]) -> list[str] | None:
    fitting = {tuple(names): one for one in data if (names := keras_names(one, count))}
    if len(fitting) == 1:
        names, one = next(iter(fitting.items()))
        said.append(
            Message(
                "The class names are assumed to be those of the data set {data}, in Keras' order of its folders.",
                data=one.name,
            )
        )
        return list(names)
    if len(fitting) > 1:
        both = ", ".join(one.name for one in fitting.values())
        said.append(Message("The data sets {data} have as many classes as the model: none lends its names.", data=both))
    return None


def _numbers(count: int, said: list[str]) -> list[str]:
    said.append(
        Message(
            "The names of the {count} classes are not known: they are called class 0 to class {last}.",
            count=count,
            last=count - 1,
        )
    )
    return [f"class {i}" for i in range(count)]
