"""A drawn car: the same every time, its mask true to its image, its class nowhere but on the car."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from carvis.demo import BODIES, MAKES, OTHER_MAKES, PARTS, class_names, draw_car
from carvis.demo.atlas import EMBLEM, LAMPS
from carvis.demo.makes import MAKE_SPECS
from carvis.demo.texture import class_sheet

CLEAR = {
    "haze": 0.0,
    "rain": False,
    "gain": 1.0,
    "contrast": 1.0,
    "cast": [1.0, 1.0, 1.0],
    "blur": 0.0,
    "motion": 0.0,
    "noise": 0.0,
    "vignette": 0.0,
}
PLAIN = {"look": CLEAR, "occluder": None, "dirt": 0.0, "wet": False, "fill": 0.95, "roll": 0.0, "offset": (0.0, 0.0)}


def plain(make, body, seed=3, **fixed):
    return draw_car(make, body, seed, **PLAIN | {"backdrop": "street", "hour": "overcast"} | fixed)


def part(mask, name):
    return mask == PARTS.index(name)


def test_same_seed_same_image_whatever_was_drawn_before():
    first, first_mask = draw_car("Kestro", "van", 11)
    draw_car("Arvola", "hatch", 12)
    second, again_mask = draw_car("Kestro", "van", 11)
    assert first.tobytes() == second.tobytes() and first_mask.tobytes() == again_mask.tobytes()
    assert first.shape == (256, 256, 3) and first.dtype == np.uint8
    assert first_mask.shape == (256, 256) and first_mask.dtype == np.uint8
    assert draw_car("Kestro", "van", 13)[0].tobytes() != first.tobytes()


def test_twenty_classes_of_five_makes():
    assert len(MAKES) == 5 and len(BODIES) == 4 and len(set(class_names())) == 20
    assert class_names() == sorted(f"{make}-{body}" for make in MAKES for body in BODIES)
    assert not set(MAKES) & set(OTHER_MAKES) and len(OTHER_MAKES) == 8
    emblems = [make.emblem for make in MAKE_SPECS.values()]
    assert len(set(emblems)) == len(emblems)


@pytest.mark.parametrize("body", BODIES)
def test_every_part_shows_from_the_front_quarter(body):
    _, mask = plain("Arvola", body, yaw=28.0)
    assert np.unique(mask).tolist() == list(range(len(PARTS)))
    assert part(mask, "body").sum() > part(mask, "windscreen").sum() > part(mask, "emblem").sum()
    rows, columns = np.nonzero(part(mask, "emblem"))
    assert 8 <= np.ptp(rows) + 1 <= 40 and 5 <= np.ptp(columns) + 1 <= 40


def test_parts_lie_where_they_lie_on_cars():
    _, mask = plain("Lumora", "suv", yaw=0.0)

    def middle(name):
        return np.argwhere(part(mask, name)).mean(0)

    assert middle("windscreen")[0] < middle("grille")[0] < middle("plate")[0] < middle("wheels")[0]
    for name in ("windscreen", "grille", "emblem", "plate", "lamps", "wheels"):
        assert abs(middle(name)[1] - 127.5) < 3
    lamps = part(mask, "lamps")
    mirrored = lamps[:, ::-1]
    assert max((lamps & np.roll(mirrored, shift, 1)).sum() for shift in range(-3, 4)) > 0.85 * lamps.sum()


def test_colours_under_the_mask_are_those_of_the_part():
    image, mask = plain("Arvola", "hatch", yaw=0.0, paint=(170, 24, 28), plate_style=0, hour="noon")
    red, green, blue = image[part(mask, "body")].mean(0)
    assert red > 2 * green and red > 2 * blue
    rows, columns = np.nonzero(part(mask, "emblem"))
    heart = image[int(rows.mean()) + 2, int(columns.mean()) - 2 : int(columns.mean()) + 3].astype(int)
    assert (heart[:, 2] - heart[:, 0]).max() > 40  # the drop is blue, on a red car
    assert np.percentile(image[part(mask, "plate")], 75) > 140
    assert image[part(mask, "wheels")].mean() < 110


def test_nothing_but_the_car_depends_on_the_make():
    first, mask = plain("Arvola", "sedan")
    other, other_mask = plain("Torvik", "sedan")
    assert ((mask > 0) == (other_mask > 0)).all()
    near_car = cv2.dilate((mask > 0).astype(np.uint8), np.ones((5, 5))) > 0
    assert (first[~near_car] == other[~near_car]).all()
    assert (first[near_car] != other[near_car]).any()
    changed = (first != other).any(2)
    front = np.isin(mask, [PARTS.index(name) for name in ("grille", "emblem")])
    front |= np.isin(other_mask, [PARTS.index(name) for name in ("grille", "emblem")])
    around = cv2.dilate(front.astype(np.uint8), np.ones((5, 5))) > 0
    assert (changed & ~around).sum() < 0.01 * changed.sum() + 5


def emblem_patch(make, body):
    sheet = class_sheet(make, body, "round", False)
    rows, columns = np.nonzero(sheet.label == EMBLEM)
    patch = sheet.colour[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, :3]
    return cv2.resize(patch, (40, 40), interpolation=cv2.INTER_AREA).astype(np.float32)


def test_makes_share_the_emblem_and_bodies_the_lamps():
    first = {make: emblem_patch(make, "hatch") for make in MAKES}
    for make in MAKES:
        distances = {other: np.abs(emblem_patch(make, "suv") - first[other]).mean() for other in MAKES}
        assert min(distances, key=distances.get) == make
        assert sorted(distances.values())[0] < 0.6 * sorted(distances.values())[1]
    lamps = [class_sheet(make, "van", "tall", False).label == LAMPS for make in MAKES[:3]]
    assert lamps[0].any() and all((lamps[0] == other).all() for other in lamps[1:])


def test_something_in_front_of_the_car_is_background_in_the_mask():
    fixed = PLAIN | {"backdrop": "street", "yaw": 0.0}
    _, free = draw_car("Kestro", "suv", 5, **fixed)
    _, hidden = draw_car("Kestro", "suv", 5, **fixed | {"occluder": "post"})
    assert ((hidden == 0) & (free > 0)).sum() > 300
    assert (hidden[hidden > 0] == free[hidden > 0]).all()


def test_the_room_loads_no_tensorflow():
    heavy = "('tensorflow', 'keras', 'torch')"
    code = f"import sys, carvis.demo as demo; demo.draw_split; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
