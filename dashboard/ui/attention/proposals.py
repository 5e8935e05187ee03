"""Where proposed boxes come from on page Where models look: a function, to which further sources are added."""

from carvis.dataset import Dataset
from carvis.dataset.parts import ImageParts, Parts
from carvis.explain.attention import Proposal, proposed_boxes
from carvis.feature_space import Embeddings
from ui.state import embeddings


def of_image(
    sample: str,
    size: tuple[int, int],
    part: str,
    images: dict[str, ImageParts],
    similar: Embeddings | None,
    objects: Parts | None,
) -> list[Proposal]:
    """Propose boxes of a part on an image.

    Args:
        sample, size: its id and (height, width).
        part: the part's name.
        images: what is drawn on other images.
        similar: embeddings of the split by a model, None where there are none.
        objects: masks of the data set that outline the object.
    """
    return proposed_boxes(sample, size, part, images, similar, objects)


def similarity(dataset: Dataset, split: str, models: list[str]) -> Embeddings | None:
    """Return the embeddings of a split by the first of some models of which there are any."""
    stored = (embeddings.stored(dataset.name, split, model) for model in models)
    return next((found for found in stored if found is not None), None)
