"""Overview: what is in this workspace, and what to do next."""

import pandas as pd
import streamlit as st

from carvis.classifier.card import reading_of
from carvis.images import depth_of
from carvis.tables import to_csv
from ui.overview import next_steps, report
from ui.state import classifiers, current, data, selection
from ui.state.i18n import _, n_, of_library
from ui.widgets import assumptions, commands, unreadable
from ui.widgets.download import download
from ui.widgets.layout import empty, heading, no_models
from ui.widgets.text import SPLIT, percent, plain

heading(
    _("Overview"),
    _("What is in this workspace: which pictures, which models, and how good is each of them?"),
    _(
        "A **data set** is a folder of pictures sorted into one folder a class. Its **training** pictures teach a "
        "model, its **validation** pictures decide when to stop, and its **test** pictures, which the model has never "
        "seen, tell how good it is.\n\n"
        "**Accuracy** is the share of pictures that a model names rightly. The range behind it says how far chance "
        "alone could move it: with few pictures it is wide. Two models whose ranges overlap may be equally good."
    ),
)
datasets, files, evaluations = data.datasets(), data.model_files(), data.evaluations()

if not datasets and not files:
    empty(
        _("This workspace is empty"),
        _(
            "Put pictures into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`, and models that you have "
            "into `models/`. Or draw and train the demo, which needs no pictures:"
        ),
        commands.carvis("demo --rebuild"),
    )

st.subheader(_("Models"), anchor=False)
rows = []
for name, path in files.items():
    card = current.card_of(path)
    row = {
        "model": name,
        "accuracy": None,
        "range": "–",
        "without copies": "–",
        "evaluated": "–",
        "input": " × ".join(map(str, card.input_size)) if card and card.input_size else "–",
        "preprocessing": f"{card.preprocessing}, {reading_of(card)[0]}" if card and card.preprocessing else "–",
        "recipe": card.recipe if card and card.recipe else "–",
        "size": (data.bytes_of(path) or 0) / 1e6,
        "card": bool(card),
        "assumptions": "–",
    }
    own = [table for table in evaluations.values() if table.model == path.stem]
    own.sort(key=lambda entry: entry.split != "test")
    for table in own[:1]:
        with unreadable.item("evaluation", table.name):
            found = data.evaluation(table)
            low, high = found.metrics["accuracy_interval"]
            split = _(SPLIT[table.split])
            row |= {
                "accuracy": 100 * found.accuracy,
                "range": f"{percent(low)} – {percent(high)}",
                "without copies": of_library(found.leak.finding) if found.leak else "–",
                "evaluated": f"{table.data} · {split} ({found.metrics['n']})",
            }
    with unreadable.item(*(("evaluation", own[0].name) if own else ("card", current.card_name(path)))):
        row["assumptions"] = assumptions.mark(name, next(iter(own), None))
    rows.append(row)
if rows:
    table = pd.DataFrame(rows).sort_values("accuracy", ascending=False, na_position="last")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "model": st.column_config.TextColumn(_("Model"), pinned=True),
            "accuracy": st.column_config.ProgressColumn(
                _("Accuracy"), format="%.1f %%", min_value=0, max_value=100, width="small"
            ),
            "range": st.column_config.TextColumn(_("Range (95 %)")),
            "without copies": st.column_config.TextColumn(
                _("Without copies"),
                help=_("Accuracy without the test pictures that are also in training; page Data shows them."),
            ),
            "evaluated": st.column_config.TextColumn(_("Measured on")),
            "input": st.column_config.TextColumn(_("Input")),
            "preprocessing": st.column_config.TextColumn(_("Preprocessing"), width=165),
            "recipe": st.column_config.TextColumn(_("Recipe")),
            "size": st.column_config.NumberColumn(_("File"), format="%.1f MB"),
            # What is told by the assumptions' column already; page Models shows the card itself.
            "card": None,
            "assumptions": st.column_config.TextColumn(
                _("Assumptions"),
                help=_(
                    "✓: preprocessing and class names are confirmed, or a check on images found nothing against them. "
                    "Page Models says more and checks them."
                ),
            ),
        },
        alt=_("The models of this workspace with their accuracy"),
    )
    numbers = table.drop(columns="card")
    download(_("Numbers"), lambda: to_csv(numbers).encode("utf-8-sig"), "models.csv", key="models_numbers")
    classifiers.openable(files)
elif datasets:
    no_models(current.dataset_name())

st.subheader(_("Data sets"), anchor=False)
for name in datasets:
    with unreadable.item("data set", name):
        pictures = data.dataset(name)
        counts, others, notes = pictures.counts(), pictures.other_files(), depth_of(pictures.root).notes()
        with st.container(border=True):
            parts = [
                n_("{n} class", "{n} classes", len(counts)).format(n=f"{len(counts):,}"),
                *(f"{_(SPLIT[split])} {total:,}" for split, total in counts.sum().items()),
            ]
            st.markdown(f"**{plain(name)}** &nbsp; :gray[{plain(' · '.join(parts))}]")
            split = list(pictures.splits)[-1]
            samples = pictures.samples(split)
            first = samples.drop_duplicates("label").head(8)
            with st.grid(8, min_column_width=84, gap="xsmall"):
                for label, small in zip(first["label"], data.thumbnails(first["path"].tolist(), 160), strict=True):
                    # Where the first cannot be read, another one stands for the class.
                    others = [] if isinstance(small, bytes) else samples.loc[samples["label"] == label, "path"][1:4]
                    found = [one for one in (small, *data.thumbnails(list(others), 160)) if isinstance(one, bytes)]
                    if found:
                        st.image(found[0], caption=plain(label), width="stretch", alt=label)
            with st.expander(_("Pictures in each class"), type="compact"):
                st.dataframe(
                    counts.rename_axis(_("Class")).rename(columns={key: _(text) for key, text in SPLIT.items()}),
                    alt=_("Number of pictures in each class and split"),
                )
            for note in notes:
                st.caption(plain(of_library(note)))
            if len(others):
                with st.expander(
                    n_("{n} file is not read", "{n} files are not read", len(others)).format(n=len(others)),
                    type="compact",
                ):
                    st.dataframe(
                        others.assign(reason=[of_library(reason) for reason in others["reason"]]),
                        hide_index=True,
                        alt=_("Files that are not read, with the reason"),
                    )
if not datasets and files:
    empty(
        _("No pictures yet"),
        _("Put pictures into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
    )

report.offer()

st.subheader(_("What to do next"), anchor=False)
if evaluations:
    with st.container(horizontal=True):
        st.page_link(
            "app_pages/misclassified.py",
            label=_("Look at the pictures that a model gets wrong"),
            icon=":material/rule:",
            query_params=selection.link(),
        )
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("See where each model looks"),
            icon=":material/blur_on:",
            query_params=selection.link(),
        )
next_steps.show()
