"""Which concepts the best model looks for, of the classes whose concepts were found before."""

from __future__ import annotations

from carvis.dataset import workspace_of
from carvis.errors import CarvisError
from carvis.explain.concepts import Concepts, ConceptSettings, concepts_key, load_cached_concepts, split_fingerprint
from carvis.explain.concepts.names import with_names
from carvis.images import encode_image, resize
from carvis.language import N_, _, localised
from carvis.report.blocks import (
    Block,
    Groups,
    Heading,
    Image,
    Paragraph,
    Row,
    Section,
    columns_table,
    percent,
)
from carvis.report.context import Context
from carvis.workspace import Cache

_MOST_CLASSES, _CONCEPTS, _CROPS, _SIDE = 3, 4, 6, 96
_MADE = (
    N_(
        "Concepts: crops of the images predicted as the class, mean activations of a layer, factorised by NMF; "
        "importance: total-order Sobol index of masks on the concepts (CRAFT, Fel et al. 2023; Jansen's estimator)."
    ),
)


def concepts(context: Context) -> Section | None:
    """None where no concepts of the best model were found yet: finding them takes minutes."""
    found = _found(context)
    if not found:
        return None
    blocks: list[Block] = []
    for entry in found:
        blocks += _blocks(context, entry)
    question = _("What does {model} look for in the images that it predicts as a class?").format(model=context.best)
    return Section("concepts", _("Concepts"), question, tuple(blocks), tuple(map(_, _MADE)))


def _found(context: Context) -> list[Concepts]:
    """Return what is in the cache for the best model: of all classes together and of single ones."""
    model = context.evaluations[context.best].setup["model"]
    if context.data is None or context.cache_dir is None or not model.get("fingerprint"):
        return []
    names, cache, settings = list(model["class_names"]), Cache(context.cache_dir / "concepts"), ConceptSettings()
    images = split_fingerprint(context.data, context.split), context.split
    subjects = [(), *((place,) for place in range(len(names)))]
    keys = [
        concepts_key((model["fingerprint"], names), images, (classes, 1.0), 10, 0, settings) for classes in subjects
    ]
    kept = [entry for key in keys if (entry := load_cached_concepts(cache, key)) is not None][:_MOST_CLASSES]
    workspace = workspace_of(context.data, None)
    named = []
    for entry in kept:
        try:
            named.append(with_names(workspace, entry) if workspace else entry)
        except CarvisError as problem:
            context.problems.append(localised(problem))
            named.append(entry)
    return named


def _blocks(context: Context, found: Concepts) -> list[Block]:
    table = found.table.head(_CONCEPTS)
    before = float(found.images["right"].mean())
    columns = (
        (_("concept"), [_title(found, place) for place in range(len(table))]),
        (_("importance"), [f"{value:.2f}" for value in table["importance"]]),
        (
            _("95 % CI"),
            [f"{low:.2f} – {high:.2f}" for low, high in zip(table["importance low"], table["importance high"])],
        ),
        (_("score without it"), [f"{-value:+.2f}" for value in table["fall"]]),
        (_("accuracy without it"), [percent(value, 0) for value in table["accuracy"]]),
        (_("stability"), [f"{value:.2f}" for value in table["stability"]]),
    )
    caption = _("{n} images, accuracy with all concepts {accuracy}, layer {layer}").format(
        n=len(found.images), accuracy=percent(before, 0), layer=found.layer
    )
    rows = [row for place in range(len(table)) if (row := _crops(context, found, place))]
    notes = [Paragraph(localised(note), True) for note in found.notes]
    heading = Heading(found.subject or _("all classes"))
    return [heading, columns_table(columns, caption), *([Groups(tuple(rows))] if rows else []), *notes]


def _title(found: Concepts, concept: int) -> str:
    name = found.names[concept] if concept < len(found.names) else ""
    return name or _("Concept {n}").format(n=concept + 1)


def _crops(context: Context, found: Concepts, concept: int) -> Row | None:
    files = {sample: file for sample in found.crops["id"].unique() if (file := context.image(sample)) is not None}
    images = []
    try:
        for sample, pixels in found.crop_images(concept, files, _CROPS):
            data = encode_image(resize(pixels, (_SIDE, _SIDE)))
            alt = _("Crop of {image}").format(image=sample)
            images.append(Image(data, alt, sample.rsplit("/", 1)[-1], type="jpeg"))
    except CarvisError as problem:
        context.problems.append(localised(problem))
    return Row(tuple(images), _title(found, concept), across=6) if images else None
