"""The images that a person looks at: samples of a data set, files of the workspace, uploads."""

from dataclasses import dataclass
from pathlib import Path

from carvis.dataset import label_of_path
from carvis.errors import ImageError
from carvis.images import IMAGE_SUFFIXES
from carvis.language import Message
from ui.state import workspace

# Nobody looks at more than these, side by side with several models.
MOST_CHOSEN = 12


@dataclass(frozen=True)
class Sample:
    """An image of the workspace or an upload: ``source`` is its path or its bytes."""

    id: str
    name: str
    source: Path | bytes
    label: str | None = None


def find_sample(name: str, sample: str) -> Sample:
    """Find an image by data set and sample id, as given in a URL.

    Raises:
        CarvisError: no such image, or it lies outside the data set and the workspace.
    """
    roots = workspace.datasets()
    if name in roots:
        path = workspace.dataset(name).resolve(sample)
        label = workspace.dataset(name).label_of(sample)
    else:
        path = workspace.get().resolve(sample)
        label, is_guess = label_of_path(path)
        label = None if is_guess else label
    if path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
        raise ImageError(Message("{sample} is not an image of this workspace: choose another one.", sample=sample))
    return Sample(sample, path.name, path, label)
