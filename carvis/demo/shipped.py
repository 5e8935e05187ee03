"""What the demo ships of images that it does not ship: embeddings of all of them, and thumbnails."""

import io
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.images import read_image, resize
from carvis.workspace import SPLITS, FileStamp, Workspace, atomic_write, file_stamp, open_regular

THUMBNAILS = "thumbnails.zip"
SIDE = 64
_QUALITY = 60
_SHIPPED_SPLITS = ("train", "valid")
_MOST_BYTES = 100_000_000


def write_thumbnails(root: str | Path) -> Path:
    """Write 64-pixel thumbnails of the demo's training and validation images into one file beside them.

    Args:
        root: folder of the demo, all of it drawn.
    """
    data = Dataset(root)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for split in _SHIPPED_SPLITS:
            for sample_id, path in data.samples(split)[["id", "path"]].itertuples(index=False):
                # Without a time, so that the same images give the same bytes.
                archive.writestr(zipfile.ZipInfo(_member(sample_id)), _encoded(read_image(path)))
    return atomic_write(Path(root) / THUMBNAILS, buffer.getvalue())


def shipped_thumbnail(root: str | Path, sample_id: str) -> NDArray[np.uint8] | None:
    """Return the shipped thumbnail of an image of the demo, uint8 (64, 64, 3); None where there is none.

    Args:
        root: folder of the demo, whose images need not be drawn.
        sample_id: as ``train/Torvik-sedan/Torvik-sedan_0a1b_3.jpg``.
    """
    path = Path(root) / THUMBNAILS
    content = _thumbnails(str(path), file_stamp(path)).get(_member(sample_id))
    try:
        return None if content is None else read_image(content)
    except CarvisError:
        return None


@lru_cache(maxsize=4)
def _thumbnails(path: str, stamp: FileStamp) -> dict[str, bytes]:
    """Read all thumbnails, some hundred kilobytes; none where the file is damaged or of something else."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            # They are stored as they are: what has to be unpacked was not written here.
            packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
            if packed or sum(member.file_size for member in members) > _MOST_BYTES:
                return {}
            return {member.filename: archive.read(member) for member in members}
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile):
        return {}


def _member(sample_id: str) -> str:
    return f"{sample_id.rpartition('.')[0]}.webp"


def _encoded(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(resize(image, SIDE, "area")).save(buffer, "WEBP", quality=_QUALITY, method=6)
    return buffer.getvalue()


def write_embeddings(workspace: Workspace, models: tuple[str, ...]) -> Iterator[str]:
    """Write the embeddings of all of the demo's images by its models to where evaluations lie, telling of each.

    Args:
        workspace: holds the demo, all of it drawn, and the models.
        models: their names.
    """
    from carvis.classifier import load_classifier
    from carvis.evaluation import evaluation_folder
    from carvis.feature_space import embeddings, write_shipped

    data = Dataset(workspace.data_dir / "demo")
    for name in models:
        clf = load_classifier(workspace.models_dir / f"{name}.keras")
        for split in SPLITS:
            found = embeddings(clf, data, split, workspace=workspace)
            path = write_shipped(found, clf.sha256, evaluation_folder(workspace, data.name, split, name))
            yield f"{name}: embeddings of {len(found)} {split} images ({path.stat().st_size / 1000:.0f} kB)"
