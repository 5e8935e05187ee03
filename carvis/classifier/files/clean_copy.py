"""Copies of a model file for Keras to read, which contain the checked parts and nothing else."""

import zipfile
from pathlib import Path

import h5py
import ml_dtypes

from carvis.classifier.files.hdf5_arrays import OPTIMIZER, StoredArray, StoredGroup
from carvis.classifier.files.inspection import WEIGHTS, ModelFile
from carvis.classifier.files.keras_archive import ModelArchive
from carvis.workspace import open_regular


def copy_weights(file: ModelFile, folder: Path) -> Path:
    """Write the weights of a model file, without its optimizer's, into a folder as ``model.weights.h5``.

    Raises:
        ModelError: as ``StoredArray.read``.
    """
    target = folder / WEIGHTS
    with file.weights() as store, h5py.File(target, "w") as written:
        for name, item in store.items():
            if name not in OPTIMIZER:
                _copy(item, written, name)
    return target


def copy_archive(file: ModelFile, folder: Path) -> Path:
    """Write a copy of a ``.keras`` file into a folder, without the weights of its optimizer.

    Raises:
        ModelError: as ``StoredArray.read``.
    """
    weights, target = copy_weights(file, folder), folder / f"{file.path.stem}.keras"
    with open_regular(file.path) as source, zipfile.ZipFile(target, "w") as written:
        archive = ModelArchive(source, file.path)
        for name in dict.fromkeys(archive.names):
            if name != WEIGHTS:
                with written.open(name, "w", force_zip64=True) as part:
                    part.writelines(archive.pieces(name))
        written.write(weights, WEIGHTS)
    weights.unlink()
    return target


def _copy(item: StoredGroup | StoredArray, target: h5py.Group, name: str) -> None:
    if isinstance(item, StoredGroup):
        group = target.create_group(name)
        for inner, part in item.items():
            _copy(part, group, inner)
    elif item.readable:
        values = item.read()
        group = target.create_dataset(name, data=values)
        # By this Keras knows numbers that HDF5 does not.
        if values.dtype == ml_dtypes.bfloat16:
            group.attrs["dtype"] = "bfloat16"
