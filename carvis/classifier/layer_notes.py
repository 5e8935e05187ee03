"""What has to be known of a layer's map, and why a model has none to explain, in sentences."""

from typing import TYPE_CHECKING

from carvis.classifier.flat_graph import Call
from carvis.classifier.geometry.token_grid import Origin, TokenGrid
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier.layer_graph import LayerGraph

ORIGINS: dict[Origin, Message] = {
    "graph": Message("read from the model's graph"),
    "measured": Message("measured by changing parts of the image"),
    "counted": Message("assumed from their number and the image's sides (token_grid or --token-grid sets another)"),
    "given": Message("as given"),
}


def grid_sentence(layer: str, tokens: TokenGrid) -> Message:
    """Say how the tokens of a layer are laid on a grid."""
    return Message(
        "The {n} tokens of {layer} lie on a grid of {grid}: {origin}.",
        n=tokens.count,
        layer=layer,
        grid=f"{tokens.height}x{tokens.width}",
        origin=ORIGINS[tokens.origin],
    )


def layer_notes(graph: "LayerGraph", path: str) -> tuple[Message, ...]:
    """Return one sentence on each caveat of a layer's map."""
    calls = graph.members(path)
    notes: list[Message] = []
    if not graph.passes_all(path):
        notes.append(
            Message("{layer} is one of several branches: its heatmap lacks the evidence of the others.", layer=path)
        )
    elif len(calls) > 1:
        notes.append(
            Message(
                "{layer} stands for {n} calls of one layer: their heatmaps are aligned with the image and added.",
                layer=path,
                n=len(calls),
            )
        )
    if any(graph.frame(call) is None for call in calls):
        notes.append(
            Message(
                "The feature map of {layer} cannot be located on the image: positions in the heatmap may be wrong.",
                layer=path,
            )
        )
    notes += token_notes(graph, path, calls)
    if mixing := _mixing_after(graph, path):
        notes.append(
            Message(
                "{layer} comes before layers that mix positions (the first is {mixing}): the heatmap"
                " shows what enters them, not where the final evidence is.",
                layer=path,
                mixing=mixing,
            )
        )
    return tuple(notes)


def _mixing_after(graph: "LayerGraph", path: str) -> str | None:
    """Return the path of the first step behind a layer that mixes places, None where there is none."""
    points = {call.outputs[0] for call in graph.members(path) if call.outputs}
    behind: set[int] = set()
    for number, call in enumerate(graph.calls):
        if points & set(call.sources) or behind & set(call.sources):
            behind |= set(call.outputs)
            if number in graph.layouts.mixing:
                return call.path
    return None


def token_notes(graph: "LayerGraph", path: str, calls: list[Call]) -> list[Message]:
    """Say how tokens are laid on a grid, and whether they reach the score."""
    grids = dict.fromkeys(call.tokens for call in calls if call.tokens)
    notes = [grid_sentence(path, grid) for grid in grids]
    notes += [
        Message.of_number(
            "{n} extra token of {layer} (class or register token) is ignored.",
            "{n} extra tokens of {layer} (class or register tokens) are ignored.",
            grid.extra,
            layer=path,
        )
        for grid in grids
        if grid.extra
    ]
    if grids and not any(map(graph.grid_used, calls)):
        notes.append(
            Message(
                "Behind {layer} only extra tokens reach the score, so gradients at its grid are zero: explain"
                " {default}, the last layer whose grid reaches it.",
                layer=path,
                default=graph.default or "-",
            )
        )
    return notes


def ambiguous_tokens(graph: "LayerGraph", output: int) -> Message:
    """Say which grids the tokens of a tensor fit."""
    grids = graph.layouts.ambiguous[output]
    return Message(
        "The {n} tokens of {model} fit more than one grid: {choices} (grid + extra tokens). Choose one with"
        " token_grid (--token-grid).",
        n=graph.graph.shapes[output][1],
        model=graph.name,
        choices=", ".join(map(str, grids)),
    )


def why_no_default(graph: "LayerGraph") -> Message:
    """Say why no layer is explained by default, and what can be done."""
    if graph.layouts.ambiguous:
        return ambiguous_tokens(graph, max(graph.layouts.ambiguous))
    features = graph.layouts.features
    if not any(call.outputs[0] in features for call in graph.maps()):
        return Message(
            "{model} has no layer with a feature map larger than 1x1: choose a method that needs none"
            " (occlusion, smoothgrad or integrated-gradients).",
            model=graph.name,
        )
    return Message(
        "{model} has no layer that the whole signal passes and whose feature map can be located on the"
        " image: choose a layer, or a method that needs none (occlusion, smoothgrad or"
        " integrated-gradients).",
        model=graph.name,
    )
