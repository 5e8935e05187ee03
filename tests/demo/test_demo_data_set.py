"""The drawn data set: planted truths, nothing else that tells the classes apart, files that stay small."""

import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from scipy.stats import chi2_contingency

from carvis.dataset import Dataset
from carvis.demo import OTHER_MAKES, PARTS, class_names, draw_split, plan_split
from carvis.demo.dataset import PART_NAMES, TRUTH, _draw, encode_jpeg, encode_mask
from carvis.demo.plan import DEALER_CLASS, plan_pretraining
from carvis.demo.scene import BACKDROPS, PAINTS, choose
from carvis.images import read_image


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    draw_split(root, "test", per_class=1)
    return root


def test_layout_opens_as_a_data_set(small):
    data = Dataset(small)
    assert list(data.class_names) == class_names() and list(data.splits) == ["test"]
    samples = data.samples("test")
    assert len(samples) == 20
    for path, name in zip(samples["path"], samples["id"]):
        assert read_image(path).shape == (256, 256, 3)
        mask = Image.open(small / "masks" / name.replace(".jpg", ".png"))
        assert mask.mode == "P" and mask.size == (256, 256)
        values = np.unique(np.asarray(mask))
        assert values.max() < len(PARTS) and 1 in values
    assert json.loads((small / PART_NAMES).read_text()) == PARTS
    truth = json.loads((small / TRUTH).read_text())
    assert set(truth["scenes"]) == set(samples["id"])


def test_a_second_run_writes_the_same_bytes_and_leaves_what_is_there(small, tmp_path):
    deleted, edited = sorted(small.glob("test/*/*.jpg"))[:2]
    before, time = deleted.read_bytes(), edited.stat().st_mtime_ns
    truth = (small / TRUTH).read_bytes()
    deleted.unlink()
    calls = []
    draw_split(small, "test", per_class=1, progress=lambda done, total: calls.append((done, total)))
    assert deleted.read_bytes() == before and edited.stat().st_mtime_ns == time
    assert (small / TRUTH).read_bytes() == truth and calls[-1] == (20, 20)


def test_wrong_labels_are_three_in_a_hundred_and_recorded_by_true_class():
    items = plan_split("test")
    assert len(items) == 300 and set(Counter(item.folder for item in items).values()) == {15}
    assert len({item.id for item in items}) == 300
    mislabelled = [item for item in items if item.folder != item.true_class]
    assert len(mislabelled) == 9
    assert all(item.name.startswith(item.folder + "_") for item in items)
    assert not any(item.duplicate_of for item in mislabelled)
    assert not any(item.folder != item.true_class for split in ("train", "valid") for item in plan_split(split))


def test_one_class_stands_before_the_dealer():
    for split in ("train", "valid", "test"):
        shares = Counter()
        items = plan_split(split)
        for item in items:
            shares[item.true_class] += item.showroom
        count = len(items) / 20
        assert 0.8 <= shares[DEALER_CLASS] / count <= 0.95
        others = sum(shares.values()) - shares[DEALER_CLASS]
        assert others / (len(items) - count) < 0.03


def test_near_duplicates_are_near_their_training_image():
    items = plan_split("test")
    duplicates = [item for item in items if item.duplicate_of]
    train = {item.id: item for item in plan_split("train", 10)}
    assert len(duplicates) == 8 and len({item.change for item in duplicates}) == 4
    # One of each kind; each is drawn from the training image's own plan.
    duplicates = list({item.change: item for item in duplicates}.values())
    sources = [_draw(train[item.duplicate_of.id])[0].astype(np.float32) for item in duplicates]
    for place, item in enumerate(duplicates):
        image, mask, _ = _draw(item)
        image = image.astype(np.float32)
        image = image[:, ::-1] if item.change == "mirrored" else image

        def distance(other, image=image):
            return np.abs((image - image.mean((0, 1))) - (other - other.mean((0, 1)))).mean()

        distances = [distance(source) for source in sources]
        assert int(np.argmin(distances)) == place
        assert distances[place] < 0.5 * np.sort(distances)[1]
        assert item.true_class == item.duplicate_of.true_class and mask.any()


def lots(split):
    return [(item, choose(np.random.default_rng(item.seed))) for item in plan_split(split)]


def test_neither_colour_nor_backdrop_nor_view_tells_the_class():
    names, drawn = class_names(), lots("train")
    colours = np.array([paint for paint, _ in PAINTS])
    tables = {
        "backdrop": np.zeros((20, len(BACKDROPS))),
        "paint": np.zeros((20, len(PAINTS))),
        "hour": np.zeros((20, 2)),
        "side": np.zeros((20, 2)),
        "occluded": np.zeros((20, 2)),
    }
    for item, lot in drawn:
        row = names.index(item.true_class)
        tables["backdrop"][row, BACKDROPS.index(lot["backdrop"])] += 1
        tables["paint"][row, np.abs(colours - lot["paint"]).sum(1).argmin()] += 1
        tables["hour"][row, int(lot["hour"] == "dusk")] += 1
        tables["side"][row, int(lot["yaw"] > 0)] += 1
        tables["occluded"][row, int(lot["occluder"] is not None)] += 1
    for name, table in tables.items():
        assert chi2_contingency(table).pvalue > 0.001, name
    views = np.array([lot["yaw"] for _, lot in drawn])
    assert views.min() >= -45 and views.max() <= 45 and abs(views.mean()) < 3


def test_the_test_split_stays_under_six_megabytes():
    items = plan_split("test")[::29]
    drawn = [_draw(item) for item in items]
    size = sum(len(encode_jpeg(image, quality)) + len(encode_mask(mask)) for image, mask, quality in drawn)
    assert size / len(items) * 300 < 6e6


def test_pretraining_shows_other_makes_only():
    items = plan_pretraining("train", 2)
    assert len(items) == 2 * 8 * 4
    assert {item.true_class.split("-")[0] for item in items} == set(OTHER_MAKES)
    assert not {item.folder for item in items} & set(class_names())
    image, mask, _ = _draw(items[0])
    assert image.shape == (256, 256, 3) and mask.any()
