"""Size limits of tables and lists that people bring: above real files, below what exhausts memory or time."""

from carvis.errors import TableError
from carvis.language import Message

# A column a class of 1,000 classes over 100,000 images is a gigabyte.
MAX_BYTES = 1_500_000_000
# COCO's own annotations of 118,000 images have 450 MB; a parsed JSON takes up to thirty times its size in memory.
MAX_JSON_BYTES = 600_000_000
MAX_ROWS = 2_000_000
MAX_COLUMNS = 10_000
MAX_CELLS = 150_000_000
# Cells that rows shorter than the header lack: they cost memory, but nothing in the file.
MAX_LACKING = 20_000_000
MAX_CELL = 100_000
# What is damaged throughout is no table: each such line takes ten times as long as a good one.
MAX_DAMAGED = 100_000
# ImageNet-21k has 21,841 classes.
MAX_CLASSES = 50_000
MAX_SHAPES_OF_AN_IMAGE = 10_000
# Each different part of an image is a mask of its size.
MAX_PARTS_OF_AN_IMAGE = 500
MAX_TRAININGS = 1_000
MAX_EPOCHS = 1_000_000
# Several measures a class of 1,000 classes, in training and in validation.
MAX_MEASURES = 5_000
# Sentences on single rows; what is beyond them is counted.
MAX_SENTENCES = 20


def too_many(path: object, what: Message, most: int) -> TableError:
    """Make the error that a file holds more of something than is read.

    Args:
        path: the file.
        what: what it holds too many of, in the plural.
        most: how many are read.
    """
    return TableError(
        Message(
            "{path} holds more than {most} {what}, so it is not read: split it, or remove what is not needed.",
            path=path,
            most=f"{most:,}",
            what=what,
        )
    )
