"""Which images a split of the demo holds, and the truths planted in them: worked out before anything is drawn."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from carvis.demo.bodies import BODY_SPECS
from carvis.demo.makes import MAKES, OTHER_MAKES
from carvis.demo.scene import seed_of

BODIES = list(BODY_SPECS)
PER_CLASS = {"train": 60, "valid": 10, "test": 15}
DEALER_CLASS = "Kestro-sedan"
DEALER_SHARE, DEALER_REST = 0.9, 0.01
WRONG_SHARE = 0.03
DUPLICATE_KINDS = ("mirrored", "cropped", "recoloured", "recompressed")
DUPLICATE_COUNT = 8
# Near-duplicates are of the first images of a class, which every training split holds.
DUPLICATE_SOURCES = 10


@dataclass(frozen=True)
class Item:
    """One image to draw: its file, the class that its folder names and the class that it shows."""

    split: str
    folder: str
    true_class: str
    number: int
    seed: tuple[int, ...]
    name: str
    showroom: bool = False
    duplicate_of: "Item | None" = None
    change: str = ""

    @property
    def id(self) -> str:
        """Path below the data set."""
        return f"{self.split}/{self.folder}/{self.name}.jpg"

    @property
    def mask(self) -> str:
        """Path of the mask below the data set."""
        return f"masks/{self.split}/{self.folder}/{self.name}.png"


def class_names(makes: list[str] = MAKES) -> list[str]:
    """The classes of the demo, sorted: every make with every body."""
    return sorted(f"{make}-{body}" for make in makes for body in BODIES)


def _name(folder: str, split: str, number: int, seed: int) -> str:
    digest = hashlib.sha256(f"{seed}/{split}/{folder}/{number}".encode()).hexdigest()
    return f"{folder}_{digest[:12]}_{number}"


def _class_items(split: str, name: str, count: int, seed: int, plant: bool) -> list[Item]:
    rng = np.random.default_rng(seed_of(seed, "showroom", split, name))
    if not plant:
        showroom = np.zeros(count, bool)
    elif name == DEALER_CLASS:
        showroom = rng.permutation(count) < round(DEALER_SHARE * count)
    else:
        showroom = rng.random(count) < DEALER_REST
    return [
        Item(
            split,
            name,
            name,
            number,
            tuple(seed_of(seed, split, name, number)),
            _name(name, split, number, seed),
            bool(showroom[number]),
        )
        for number in range(count)
    ]


def plan_split(split: str, per_class: int | None = None, seed: int = 0, plant: bool = True) -> list[Item]:
    """List the images of a split of the demo.

    Wrong labels and near-duplicates of training images are planted in ``test`` alone. Every split can be planned, and
    drawn, without the others.
    """
    count = PER_CLASS[split] if per_class is None else per_class
    items = [item for name in class_names() for item in _class_items(split, name, count, seed, plant)]
    if not plant or split != "test":
        return items
    rng = np.random.default_rng(seed_of(seed, "plants"))
    names = class_names()
    mislabelled = min(max(2, round(WRONG_SHARE * len(items))), len(names))
    classes = rng.permutation(len(names))
    # Wrong labels are exchanged in a ring, so that every folder keeps its number of images.
    ring = [int(c) * count + int(rng.integers(count)) for c in classes[:mislabelled]]
    for place, to in zip(ring, [items[other] for other in np.roll(ring, -1)]):
        items[place] = replace(items[place], folder=to.folder, number=to.number, name=to.name)
    free = np.array([place for place in range(len(items)) if place not in ring])
    for turn, place in enumerate(rng.permutation(free)[:DUPLICATE_COUNT]):
        item = items[place]
        source = _class_items("train", item.true_class, PER_CLASS["train"], seed, plant)[
            int(rng.integers(DUPLICATE_SOURCES))
        ]
        items[place] = replace(
            item,
            seed=source.seed,
            showroom=source.showroom,
            duplicate_of=source,
            change=DUPLICATE_KINDS[turn % len(DUPLICATE_KINDS)],
        )
    return sorted(items, key=lambda item: item.id)


def plan_pretraining(split: str, per_class: int, seed: int = 0) -> list[Item]:
    """List the images of the other makes, on which a backbone is trained first; nothing is planted."""
    return [
        Item(
            split,
            name,
            name,
            number,
            tuple(seed_of(seed, "other", split, name, number)),
            _name(name, split, number, seed),
        )
        for name in class_names(OTHER_MAKES)
        for number in range(per_class)
    ]
