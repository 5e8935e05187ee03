"""How everything was made, so that it can be made again."""

import pandas as pd

from carvis.language import _
from carvis.report.blocks import Block, Heading, Paragraph, Points, Section, table
from carvis.report.caveats import notes
from carvis.report.context import Context


def making(context: Context) -> Section:
    """Return the section on how the figures were made: models, data, versions."""
    rows: dict[str, dict[str, str]] = {}
    versions: dict[str, list[str]] = {}
    for name in context.ranked:
        setup = context.evaluations[name].setup
        model = setup["model"]
        rows[context.keyed(name)] = {
            _("file"): model.get("file") or "–",
            _("fingerprint"): str(model.get("fingerprint") or "–")[:12],
            _("input"): "x".join(map(str, filter(None, model.get("input_size") or ()))) or "–",
            _("preprocessing"): model.get("preprocessing") or "–",
            _("reading"): ", ".join(model[name] for name in ("alpha", "orientation") if model.get(name)) or "–",
            _("resize"): model.get("resize") or "–",
            _("evaluated"): str(setup.get("created", "–"))[:10],
        }
        used = ", ".join(f"{package} {version}" for package, version in setup.get("versions", {}).items())
        versions.setdefault(used, []).append(context.keys[name])
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis(_("model"))
    blocks: list[Block] = [table(frame, texts=frame.shape[1] + 1)]
    for used, names in versions.items():
        if used:
            sentence = _("Evaluated with {versions}.").format(versions=used)
            blocks.append(Paragraph(sentence if len(versions) == 1 else f"{', '.join(names)}: {sentence}", True))
    if noted := notes(context):
        lines = tuple(f"{', '.join(names)}: {note}" for note, names in noted.items())
        blocks += [Heading(_("Assumptions and notes")), Points(lines)]
    if context.problems:
        blocks += [Heading(_("What is missing")), Points(tuple(dict.fromkeys(context.problems)))]
    return Section("making", _("How it was made"), _("With what, and with which versions?"), tuple(blocks))
