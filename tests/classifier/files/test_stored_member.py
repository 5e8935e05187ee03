"""Parts of a zip read in place: the bytes of zipfile, from any place, and damage found."""

import io
import zipfile

import numpy as np
import pytest
import tf_keras

from carvis.classifier.files.stored_member import StoredMember
from carvis.classifier.model_builder import open_model
from carvis.errors import ModelError

DATA = np.random.default_rng(0).bytes(5000)


@pytest.fixture
def archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("first.txt", "before it")
        with archive.open("モデル.bin", "w", force_zip64=True) as member:
            member.write(DATA)
        archive.writestr("last.txt", "after it")
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        yield archive


def test_any_place_in_any_order(archive):
    with open(archive.filename, "rb") as file:
        member = StoredMember(file, archive.getinfo("モデル.bin"))
        for start, count in ((4990, 100), (0, 10), (2500, 1), (6000, 5), (7, 4000)):
            assert member.seek(start) == start and member.read(count) == DATA[start : start + count]
        assert member.seek(-3, io.SEEK_END) == 4997 and member.read() == DATA[-3:] and member.tell() == 5000


def test_a_zip_that_ends_too_soon(archive):
    member = archive.getinfo("モデル.bin")
    for size in (0, member.header_offset + 10, member.header_offset + 300):
        with open(archive.filename, "rb") as file, pytest.raises(zipfile.BadZipFile):
            StoredMember(io.BytesIO(file.read(size)), member)


def test_one_changed_byte_in_the_weights_of_keras_2_is_damage(tmp_path):
    path = tmp_path / "old.keras"
    model = tf_keras.Sequential([tf_keras.Input((8, 8, 3)), tf_keras.layers.Flatten(), tf_keras.layers.Dense(2)])
    model.save(path)
    assert open_model(path).count_params() == model.count_params()
    kernel = model.layers[-1].get_weights()[0].tobytes()
    data = bytearray(path.read_bytes())
    data[data.index(kernel) + 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"is damaged.*get the file again"):
        open_model(path)
