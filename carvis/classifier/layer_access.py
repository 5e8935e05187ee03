"""``LayerAccess``: the layers of a classifier by their paths, and where their maps lie on an image."""

from functools import cached_property

import keras
import pandas as pd

from carvis.classifier import layers as layer_tools
from carvis.classifier.flat_graph import Call
from carvis.classifier.geometry.frame import Frame
from carvis.classifier.geometry.token_grid import GivenTokens
from carvis.classifier.layer_graph import LayerGraph
from carvis.errors import ModelError
from carvis.language import Message

_MAX_SIZES = 64


class LayerAccess:
    """The part of a ``Classifier`` that knows the layers of its model."""

    model: keras.Model
    name: str
    native_size: bool
    token_grid: tuple[int, int] | None
    extra_tokens: int | None

    @property
    def probe_size(self) -> tuple[int, int]:
        """(height, width) of the images with which the graph is followed."""
        raise NotImplementedError

    @property
    def _given_tokens(self) -> GivenTokens:
        return GivenTokens(self.token_grid, self.extra_tokens)

    @cached_property
    def layer_graph(self) -> LayerGraph:
        """Every call of the model's layers by its path, and how the signal runs through them."""
        return LayerGraph(self.model, self.name, self.probe_size, self._given_tokens)

    def layer_frame(self, path: str, size: tuple[int, int]) -> Frame:
        """Return how the map of a layer's one call lies on a prepared image of a size (height, width).

        Where that is not known, it is taken to lie on all of the image.
        """
        height, width = size
        return self._layer_graph_at((height, width)).frame_of(path) or Frame()

    @cached_property
    def _layer_graphs(self) -> dict[tuple[int, int], LayerGraph]:
        return {}

    def _layer_graph_at(self, size: tuple[int, int]) -> LayerGraph:
        # A model that crops images of any size sees another part of each size.
        if not self.native_size:
            return self.layer_graph
        if size not in self._layer_graphs:
            if len(self._layer_graphs) >= _MAX_SIZES:
                self._layer_graphs.clear()
            self._layer_graphs[size] = LayerGraph(self.model, self.name, size, self._given_tokens)
        return self._layer_graphs[size]

    @cached_property
    def conv_layers(self) -> list[str]:
        """Paths of all convolutions with a map larger than 1x1, each call its own, in execution order."""
        return self.layer_graph.conv_layers()

    @cached_property
    def default_layer(self) -> str | None:
        """The layer explained by default, None where there is none.

        It is the last one with a map larger than 1x1 that all of the signal passes. A path with ``#*``, as in
        ``vgg16#*/block5_conv3``, stands for all calls of a layer together.
        """
        return self.layer_graph.default

    @cached_property
    def last_conv_layer(self) -> str | None:
        """The last convolution with a map larger than 1x1, or what completes it directly behind, or None.

        Only part of the signal may pass it: heatmaps explain ``default_layer``.
        """
        return layer_tools.last_conv_layer(self.model)

    @cached_property
    def completed_layers(self) -> list[str]:
        """Paths of all convolutions, each after the batch normalisation and the activation that follow it directly.

        Behind them the layers of tokens that all of the signal passes: the blocks of a transformer.
        """
        return self.layer_graph.completed_layers()

    def layer(self, path: str) -> keras.Layer:
        """Return the layer at a path such as ``vgg16/block5_conv3``.

        Raises:
            ModelError: there is none.
        """
        if path in self.layer_graph.by_path:
            return self.layer_graph.by_path[path].operation
        return layer_tools.find_layer(self.model, path)

    def map_calls(self, path: str) -> list[Call]:
        """Return the calls with a map (N, h, w, c), or tokens laid on one, that a path stands for.

        Several calls for a path with ``#*``, else one.

        Raises:
            ModelError: there is none, its output is no map, or its tokens fit more than one grid.
        """
        calls = self.layer_graph.members(path)
        if not all(call.has_map for call in calls):
            for call in calls:
                self.layer_graph.check_tokens(call)
            choices = self.conv_layers or [call.path for call in self.layer_graph.maps()]
            remedy = (
                Message("choose one of {choices}", choices=", ".join(choices))
                if choices
                else Message("none of its layers does")
            )
            raise ModelError(
                Message(
                    "{path} of {name} does not output a feature map: {words}.", path=path, name=self.name, words=remedy
                )
            )
        return calls

    def map_layer(self, path: str) -> Call:
        """Return the one call at a path whose output is a map (N, h, w, c).

        Raises:
            ModelError: there is none, its output is no map, or the path stands for several calls.
        """
        calls = self.map_calls(path)
        if len(calls) > 1:
            raise ModelError(
                Message(
                    "{path} stands for {n} calls of {name}: choose one of {choices}.",
                    path=path,
                    n=len(calls),
                    name=self.name,
                    choices=", ".join(call.path for call in calls),
                )
            )
        return calls[0]

    def layer_table(self) -> pd.DataFrame:
        """Return one row a call of a layer: name, type, output_shape, parameters, trainable, explainable, branch."""
        return layer_tools.layer_table(self.layer_graph)

    def totals(self) -> layer_tools.Totals:
        """Count the model's layers and weights: layers, parameters, trainable, frozen."""
        return layer_tools.totals(self.model)
