"""How everything was made, so that it can be made again."""

import pandas as pd

from carvis.language import _
from carvis.report.blocks import Section, Words, table
from carvis.report.context import Context


def making(context: Context) -> Section:
    rows = {}
    for name, evaluation in context.evaluations.items():
        model, setup = evaluation.setup["model"], evaluation.setup
        versions = setup.get("versions", {})
        rows[name] = {
            _("file"): model.get("file") or "–",
            _("fingerprint"): str(model.get("fingerprint") or "–")[:12],
            _("input"): "x".join(map(str, filter(None, model.get("input_size", ())))) or "–",
            _("preprocessing"): model.get("preprocessing") or "–",
            _("reading"): ", ".join(model[name] for name in ("alpha", "orientation") if model.get(name)) or "–",
            _("resize"): model.get("resize") or "–",
            _("evaluated"): setup.get("created", "–"),
            _("versions"): ", ".join(f"{what} {version}" for what, version in versions.items()) or "–",
        }
    blocks: list = [table(pd.DataFrame.from_dict(rows, orient="index").rename_axis(_("model")))]
    for name, evaluation in context.evaluations.items():
        blocks += [Words(f"{name}: {note}") for note in evaluation.setup.get("notes", ())]
    blocks += [Words(problem) for problem in dict.fromkeys(context.problems)]
    return Section("making", _("How it was made"), _("With what, and with which versions?"), tuple(blocks))
