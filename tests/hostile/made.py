"""What is put in the way: links, loops, pipes, deep folders."""

import os
import socket
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES, SPLITS = ("golf", "polo"), ("train", "valid", "test")


def image(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(path)
    return path


def chain(folder: Path, target: Path, length: int) -> Path:
    """Links that follow each other; the last leads to the target."""
    folder.mkdir()
    for i in range(length):
        (folder / f"{i}.png").symlink_to(target if i == 0 else folder / f"{i - 1}.png")
    return folder / f"{length - 1}.png"


def nest(folder: Path, depth: int) -> None:
    """Make folders in folders, by steps: the whole path is longer than the system takes."""
    here = os.open(folder, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir("deeper", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def door(path: Path) -> None:
    """A socket, whose path may only be short."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def nest_long(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _level in range(20):
        os.mkdir("車" * 80, dir_fd=here)
        inner = os.open("車" * 80, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def run_folder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "status.json").write_text('{"state": "finished"}')
    (folder / "log.txt").write_text("private")
    return folder


def cars_in(place: Path) -> Path:
    """A data set of two images a class and split, in ``data/cars``."""
    root = place / "data" / "cars"
    for i, split in enumerate(SPLITS):
        for j, name in enumerate(CLASSES):
            for k in range(2):
                image(root / split / name / f"{k}.png", 100 * i + 10 * j + k)
    return root
