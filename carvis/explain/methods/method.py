"""``Method``: one way to make a heatmap, with what people have to know of it and what it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carvis.language import Message

Family = Literal["cam", "attention", "perturbation", "gradient"]


@dataclass(frozen=True)
class Method:
    """A heatmap method: its entry stands beside its function and is all that the command line and the pages know of it.

    Attributes:
        name: what people choose it by.
        function: of family ``cam``, activations and gradients (N, h, w, c) -> maps (N, h, w), as ``cam`` says; of
            ``attention``, attention weights and their gradients -> relevance of tokens, as ``attention`` says; of the
            others, a ``Probe`` -> one map (h, w). The maps are float32 and signed.
        family: ``cam`` combines a layer's activations and gradients of one pass; ``attention`` the attention weights of
            all layers and their gradients; ``perturbation`` takes scores of changed images; ``gradient`` takes
            gradients at the input.
        sentence: what it shows, for the person who chooses it.
        paper: where it is defined.
        takes_layer: whether it explains a layer; the others explain the input.
        takes_class: whether its map depends on the class explained.
    """

    name: str
    function: Callable[..., NDArray[np.float32]]
    family: Family
    sentence: Message
    paper: str
    takes_layer: bool = True
    takes_class: bool = True

    @property
    def caption(self) -> Message:
        """The sentence with the paper, as a page shows it below the name."""
        return Message("{sentence} {paper}.", sentence=self.sentence, paper=self.paper)
