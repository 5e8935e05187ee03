"""``report_html`` and ``write_report``: the sections put into one HTML file that needs nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from carvis import __version__
from carvis.dataset import Dataset
from carvis.errors import CarvisError, StoppedError, TableError
from carvis.evaluation import Evaluation
from carvis.evaluation.alignment import by_model_name
from carvis.evaluation.renamed import renamed
from carvis.explain.request import check_method
from carvis.language import N_, Message, _, localised, n_, speaking
from carvis.progress import Progress, advance, no_progress
from carvis.report.blocks import Section, shortened
from carvis.report.context import Context
from carvis.report.sections.attention import attention
from carvis.report.sections.concepts import concepts
from carvis.report.sections.confusion import confusion
from carvis.report.sections.health import health
from carvis.report.sections.heatmaps import heatmaps
from carvis.report.sections.provenance import making
from carvis.report.sections.scores import scores
from carvis.report.sections.slices import slices
from carvis.report.sections.summary import Summary, summary
from carvis.report.settings import DEFAULT, ReportSettings
from carvis.workspace import atomic_write

# The last one tells what the others could not have.
SECTIONS: dict[str, Callable[[Context], Section | None]] = {
    "scores": scores,
    "attention": attention,
    "concepts": concepts,
    "heatmaps": heatmaps,
    "confusion": confusion,
    "slices": slices,
    "health": health,
    "making": making,
}
_TITLES: dict[Callable[[Context], Section | None], str] = {
    scores: N_("scores"), attention: N_("attention"), concepts: N_("concepts"), heatmaps: N_("heatmaps"),
    confusion: N_("confusion"),
    slices: N_("slices and shortcuts"), health: N_("health of the data"), making: N_("how it was made"),
}  # fmt: skip
# Stands where the file's size comes, which is known last.
_SIZE = "{{ size }}"


@renamed("tell", "log")
def write_report(
    out: str | Path,
    evaluations: Sequence[Evaluation] | Mapping[str, Evaluation],
    settings: ReportSettings = DEFAULT,
    *,
    overwrite: bool = False,
    data: Dataset | None = None,
    files: Mapping[str, str | Path] | None = None,
    cache_dir: str | Path | None = None,
    log: Callable[[str], None] = lambda text: None,
    progress: Progress = no_progress,
) -> Path:
    """Write ``report_html`` into a file.

    Args:
        out: the file.
        evaluations, settings, data, files, cache_dir, log, progress: as for ``report_html``.
        overwrite: replace ``out``.

    Raises:
        TableError: no evaluation, or evaluations of different data.
        CarvisError: ``out`` exists, or cannot be written.
    """
    out = Path(out)
    if out.exists() and not overwrite:
        raise CarvisError(
            Message("{path} already exists: choose another file, or --overwrite to replace it.", path=out)
        )
    page = report_html(evaluations, settings, data=data, files=files, cache_dir=cache_dir, log=log, progress=progress)
    return atomic_write(out, page)


@renamed("tell", "log")
def report_html(
    evaluations: Sequence[Evaluation] | Mapping[str, Evaluation],
    settings: ReportSettings = DEFAULT,
    *,
    data: Dataset | None = None,
    files: Mapping[str, str | Path] | None = None,
    cache_dir: str | Path | None = None,
    log: Callable[[str], None] = lambda text: None,
    progress: Progress = no_progress,
) -> str:
    """Return one HTML page on one or more models: how good, what they confuse, where they look, how it was made.

    The first page sums up the rest. The file holds its images itself, so that it opens anywhere, and lists in its last
    section what is missing.

    Args:
        evaluations: of one data set and split, in a list or by the name to show.
        settings: what the report shows.
        data: the data set; without it there are no images and heatmaps.
        files: the models' files by the same names; without them there are no heatmaps.
        cache_dir: where a workspace keeps what was measured (``Workspace.cache_dir``).
        log: called with a sentence on what is under way.
        progress: called with (steps done, steps in all).

    Raises:
        TableError: no evaluation, or evaluations of different data.
        ModelError: no such method.
        CarvisError: no such language.
        StoppedError: ``progress`` asked to stop.
    """
    check_method(settings.method)
    if (fewest := min(settings.images, settings.pairs)) < 0:
        raise CarvisError(Message("--images {images} is invalid: give 0 or more.", images=fewest))
    by_name = by_model_name(evaluations)
    if not by_name:
        raise TableError(Message("A report takes one or more evaluations: evaluate a model first."))
    places = {(evaluation.setup["dataset"]["name"], evaluation.split) for evaluation in by_name.values()}
    if len(places) > 1:
        found_places = " and ".join(f"{name} {split}" for name, split in sorted(places))
        raise TableError(
            Message(
                "These evaluations are of different images ({said}): report on one data set and split.",
                said=found_places,
            )
        )
    files_by_name = {name: Path(file) for name, file in (files or {}).items() if name in by_name}
    steps = len(SECTIONS) + len(files_by_name) + settings.images
    done, last = 0, ""

    def follow(text: str) -> None:
        nonlocal done, last
        done, last = done + (text != last), text
        log(text)
        advance(progress, min(done, steps), steps)

    context = Context(by_name, data, files_by_name, Path(cache_dir) if cache_dir else None, settings, follow)
    with speaking(settings.language):
        sections = [section for make in SECTIONS.values() if (section := _section(make, context)) is not None]
        for problem in dict.fromkeys(context.problems):
            log(problem)
        return page(context, sections, summary(context, sections))


def _section(make: Callable[[Context], Section | None], context: Context) -> Section | None:
    """A section, or None with the reason among the problems: the others do not depend on it."""
    title = _(_TITLES[make])
    context.log(title)
    try:
        return make(context)
    except StoppedError:
        raise
    except CarvisError as error:
        context.problems.append(f"{title}: {localised(error)}")
        return None


def page(context: Context, sections: Sequence[Section], first: Summary) -> str:
    """Put the first page and the sections into the page."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("carvis.report", ""), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"css": css_string, "shortened": shortened}
    created = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        created = datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%d %H:%M")
    n = len(context.evaluations)
    title = n_("{n} model on {data}", "{n} models on {data}", n)
    text = environment.get_template("page.html").render(
        language=context.settings.language,
        title=title.format(n=n, data=context.data_name),
        product=_("Image classifier report"),
        created=created,
        version=f"carvis {__version__}",
        summary=first,
        sections=sections,
        texts=_page_texts(context, first),
        size=_SIZE,
    )
    # The size of the file stands in the file: what takes its place is as long as what stood there, but for a digit.
    return text.replace(_SIZE, f"{len(text.encode()) / 1e6:.1f} MB")


def _page_texts(context: Context, first: Summary) -> dict[str, str]:
    """The page's own words in the reader's language."""
    more_warnings = n_("{n} more warning: see the sections.", "{n} more warnings: see the sections.", first.more)
    lettered = _("Letters stand for the models, the most accurate first, as the scoreboard lists them.")
    return {
        "best": _("Which model is best") if len(context.evaluations) > 1 else _("How good the model is"),
        "looking": _("Where the models look"),
        "warnings": _("Warnings"),
        "none": _("No warnings."),
        "more": more_warnings.format(n=first.more) if first.more else "",
        "contents": _("Contents"),
        "made": _("How the figures were made"),
        "letters": lettered if context.lettered else "",
        "size": _("One file ({size}) that opens offline.").format(size=_SIZE),
        "page": _("page"),
    }


def css_string(text: str) -> Markup:
    """Write a text as a CSS string: whatever is no letter or digit as its code, so that nothing can end the string."""
    return Markup('"' + "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in text) + '"')
