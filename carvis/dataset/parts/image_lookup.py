"""Which image of a data set a row of someone's annotations means."""

from functools import cached_property

from carvis.dataset import Dataset, canonical_id
from carvis.language import Message
from carvis.tables.image_index import ImageIndex

# Letters of a name that a sentence shows.
_SHOWN = 200


class ImageLookup:
    """The images of one split, found by sample id or by the longest matching end of a path.

    Nothing that annotations name is ever opened: a path in them is only compared.
    """

    def __init__(self, data: Dataset, split: str):
        samples = data.samples(split)
        self.files = dict(zip(samples["id"], samples["path"]))
        self._data = data
        self._cache: dict[tuple[str, ...], tuple[str | None, str]] = {}
        self.lost: list[str] = []
        self.unclear: list[str] = []

    @cached_property
    def _index(self) -> ImageIndex:
        return ImageIndex(self._data.splits.values())

    def match_score(self, name: str) -> float:
        """Return how much of a path is known in the data set: 1 an image, 0.5 a folder alone, 0 nothing."""
        return 1.0 if canonical_id(name) in self.files else self._index.match_score(name)

    def find(self, *names: str) -> str | None:
        """Return the sample id meant by the first of some names that fits an image, else None, and count it as lost.

        An image of another split is no loss: annotations often serve a whole data set.
        """
        names = tuple(dict.fromkeys(name for name in names if name))
        if names not in self._cache:
            self._cache[names] = self._look_up(names)
        sample, status = self._cache[names]
        if status == "ambiguous":
            self.unclear.append(names[0][:_SHOWN])
        elif status == "missing":
            self.lost.append(names[0][:_SHOWN] if names else "(no name)")
        return sample

    def _look_up(self, names: tuple[str, ...]) -> tuple[str | None, str]:
        status = "missing"
        for name in names:
            if (sample := canonical_id(name)) in self.files:
                return sample, "found"
            match = self._index.match(name)
            if match.status == "found":
                return (match.id, "found") if match.id in self.files else (None, "elsewhere")
            if match.status == "ambiguous":
                status = "ambiguous"
        return None, status

    def notes(self, source: str) -> list[Message]:
        """Return sentences on the rows that match no image."""
        sentences = []
        if self.lost:
            sentences.append(
                Message.of_number(
                    "{n} row of {source} names no image of the data set, first {first}: correct the name or remove it.",
                    "{n} rows of {source} name no image of the data set, first {first}: correct the names or remove"
                    " them.",
                    len(self.lost),
                    source=source,
                    first=self.lost[0],
                )
            )
        if self.unclear:
            sentences.append(
                Message.of_number(
                    "{n} row of {source} names several images, first {first}: write it with its split and class"
                    " folder.",
                    "{n} rows of {source} name several images, first {first}: write them with split and class folder.",
                    len(self.unclear),
                    source=source,
                    first=self.unclear[0],
                )
            )
        return sentences
