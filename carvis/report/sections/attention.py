"""Which annotated parts the models look at, and which they need."""

import numpy as np

from carvis.explain.attention import Attention
from carvis.figures import attention_by_part, figure_bytes
from carvis.language import _, localised
from carvis.report.blocks import Block, Column, Image, Paragraph, Points, Section, Share, columns_table, percent
from carvis.report.context import Context

# More models would make the figure's bars too thin.
_MOST_DRAWN = 4


def attention(context: Context) -> Section | None:
    """What was measured of the models. None without annotated parts."""
    with_parts = {name: measured for name, measured in context.attention.items() if len(measured.attention.table)}
    if not with_parts:
        return None
    from carvis.explain.attention import outlier_findings

    results = {name: measured.attention for name, measured in with_parts.items()}
    full = all(measured.full for measured in with_parts.values())
    blocks: list[Block] = []
    outliers: list[str] = []
    for name, measured in with_parts.items():
        if measured.full:
            findings = outlier_findings(name, measured.attention.outliers().head(3))
            outliers += [localised(finding.message) for finding in findings]
    if outliers:
        blocks.append(Points(tuple(outliers)))
    counts = {len(result.table) for result in results.values()}
    n = " – ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
    if not full:
        sentence = _(
            "From {n} heatmaps without occlusion: what a model looks at, not what it needs. For both, run "
            "python -m carvis report with --measure."
        )
        blocks.append(Paragraph(sentence.format(n=n), True))
    if full and len(results) <= _MOST_DRAWN:
        most = "; ".join(f"{name}: {result.by_part['share'].idxmax()}" for name, result in results.items())
        alt = _("Most of the evidence: {parts}.").format(parts=most)
        blocks.append(Image(figure_bytes(attention_by_part(results)), alt))
    keyed = {context.keys[name]: result for name, result in results.items()}
    caption = _("Share of the evidence on each part, {n} images (line: the part's share of the image)").format(n=n)
    blocks.append(columns_table(_shares(keyed), caption))
    if full and all(result.occluded for result in results.values()):
        sentence = _("Fall in probability when occluded (in brackets: same shape elsewhere)")
        blocks.append(columns_table(_falls(keyed), sentence))
    method_notes = [
        _("Attention is the share of a heatmap's positive evidence on a part (Grad-CAM of the predicted class).")
    ]
    if full:
        method_notes.append(
            _("The fall is that of the predicted class's probability when the part is filled with its surroundings.")
        )
    question = _("Do the models look at the right thing?")
    return Section("attention", _("Attention on parts"), question, tuple(blocks), tuple(method_notes))


def _shares(results: dict[str, Attention]) -> list[Column]:
    first = next(iter(results.values())).by_part
    rows = first.index[first["n"] > 0]
    facts = first.loc[rows]
    columns: list[Column] = [
        (_("part"), rows),
        (_("images"), facts["n"].map("{:,.0f}".format)),
        (_("area"), facts["area"].map(percent)),
    ]
    shares = {key: result.by_part["share"].reindex(rows) for key, result in results.items()}
    if len(results) > _MOST_DRAWN:
        return columns + [(key, share.map(percent)) for key, share in shares.items()]
    end = max(float(np.nanmax(values, initial=0.01)) for values in (facts["area"], *shares.values()))
    for key, share in shares.items():
        pairs = zip(share, facts["area"], strict=True)
        columns.append((key, [Share(value, area, end, percent(value)) for value, area in pairs]))
    return columns


def _falls(results: dict[str, Attention]) -> list[Column]:
    first = next(iter(results.values())).by_part
    rows = first.index[first["n"] > 0]
    columns: list[Column] = [(_("part"), rows)]
    for key, result in results.items():
        by_part = result.by_part.reindex(rows)
        columns.append(
            (key, [f"{_signed(row['fall'])} ({_signed(row['control'])})" for row in by_part.to_dict("records")])
        )
    return columns


def _signed(value: float) -> str:
    # What rounds to nothing has no sign.
    return "–" if value != value else f"{round(value, 2) + 0.0:+.2f}"
