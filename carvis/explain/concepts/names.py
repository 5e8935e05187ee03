"""The names that a person gives to concepts, kept in the workspace under the concepts' key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Len
from typing_extensions import TypedDict

from carvis.errors import CarvisError
from carvis.explain.concepts.result import Concepts
from carvis.language import Message
from carvis.workspace import Workspace, read_json, write_json
from carvis.workspace.json_schema import Listed

LONGEST_NAME = 60


class _Names(TypedDict):
    key: str
    model: str
    data: str
    subject: str
    layer: str
    names: Annotated[Listed[Annotated[str, Len(0, LONGEST_NAME)]], Len(1, 200)]


def names_file(workspace: Workspace, found: Concepts) -> Path:
    """Return the file that keeps the names of concepts."""
    return workspace.data_dir / "concepts" / f"{found.key}.json"


def save_names(workspace: Workspace, found: Concepts) -> Path:
    """Keep the names of concepts in the workspace and return the file.

    Raises:
        CarvisError: a name is too long, or the file cannot be written.
    """
    if any(len(name) > LONGEST_NAME for name in found.names):
        raise CarvisError(Message("A name has at most {n} characters.", n=LONGEST_NAME))
    facts = {name: str(found.setup[name]) for name in ("key", "model", "data", "subject", "layer")}
    path = names_file(workspace, found)
    write_json(path, facts | {"names": list(found.names)})
    return path


def with_names(workspace: Workspace, found: Concepts) -> Concepts:
    """Return concepts with the names that are kept for them; as they are where there are none.

    Raises:
        CarvisError: the file is damaged.
    """
    path = names_file(workspace, found)
    if not path.exists():
        return found
    remedy = Message("delete it, and name the concepts again")
    names = read_json(path, _Names, max_bytes=100_000, remedy=remedy)["names"]
    return found.named(dict(enumerate(names[: len(found)])))
