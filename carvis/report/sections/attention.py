"""Which annotated parts the models look at, and which they need."""

import pandas as pd

from carvis.figures import attention_by_part, figure_bytes
from carvis.language import _
from carvis.report.blocks import Picture, Section, Words, percent, table
from carvis.report.context import Context


def attention(context: Context) -> Section | None:
    """What was measured of the models; measured now only where the context says so. None without annotated parts."""
    if context.data is None or context.cache_dir is None or not context.files:
        return None
    from carvis.explain import read_parts
    from carvis.explain.attention import attention_on_parts, kept, settings_key, settings_of
    from carvis.explain.attention.standing_out import stands_out_words
    from carvis.explain.parts import find_parts
    from carvis.workspace import Cache

    source = next(iter(find_parts(context.data)), None)
    if source is None:
        return None
    parts = read_parts(source, context.data, context.split)
    cache = Cache(context.cache_dir / "attention")
    results, missing = {}, []
    for name, clf in context.classifiers.items():
        identity = (clf.fingerprint, list(clf.class_names))
        key = settings_key(identity, (context.data.fingerprint, context.split), parts.fingerprint, settings_of())
        found = kept(cache, key)
        if found is None and context.measure:
            context.tell(f"attention of {name} on {len(parts)} pictures")
            found = attention_on_parts(clf, context.data, context.split, parts, cache=cache)
        if found is None:
            missing.append(name)
        else:
            results[name] = found
    answers = _("Do the models look at the right thing?")
    blocks: list = []
    if missing:
        words = _("Not measured yet: {models}. Page Where models look does it, or python -m carvis report --measure.")
        blocks.append(Words(words.format(models=", ".join(missing))))
    for name, result in results.items():
        rows = result.unusual().head(3).to_dict("records")
        blocks += [Words(f"{name}, {stands_out_words(row)}", place == 0) for place, row in enumerate(rows)]
    if results:
        most = "; ".join(f"{name}: {result.by_part['share'].idxmax()}" for name, result in results.items())
        words = _("Where most of the evidence lies: {parts}.").format(parts=most)
        blocks.append(Picture(figure_bytes(attention_by_part(results)), words))
        for name, result in results.items():
            caption = _("{model}: {n} pictures").format(model=name, n=f"{len(result.table):,}")
            blocks.append(table(_shown(result), caption))
    made = (
        _(
            "Attention is the share of a map's positive evidence on the part, area the part's share of the picture; "
            "lift is their ratio. Grad-CAM of the answer, on the logit, at the last layer that all of the signal "
            "passes."
        ),
        _(
            "Fall: by how much the answer's probability falls when the part is covered by its surroundings; elsewhere: "
            "when the same shape is covered at another place."
        ),
    )
    return Section("attention", _("Attention on parts"), answers, tuple(blocks), made)


def _shown(result) -> pd.DataFrame:
    rows = result.by_part[result.by_part["n"] > 0]
    shown = {
        _("pictures"): rows["n"].map("{:,.0f}".format),
        _("attention"): rows["share"].map(percent),
        _("area"): rows["area"].map(percent),
        _("lift"): rows["lift"].map("{:.1f}".format),
    }
    if result.covered:
        shown[_("fall")] = rows["fall"].map(_signed)
        shown[_("elsewhere")] = rows["control"].map(_signed)
    return pd.DataFrame(shown, index=rows.index.rename(_("part")))


def _signed(value: float) -> str:
    # What rounds to nothing has no sign.
    return f"{round(value, 2) + 0.0:+.2f}"
