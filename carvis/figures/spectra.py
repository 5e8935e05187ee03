"""Spectra of a model's layers: the share of power at each frequency, and the mean frequency of each layer."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carvis.explain import Spectrum
from carvis.explain.units.spectrum import UNITS, Unit
from carvis.figures.style import INK, QUIET, fonts, new_figure
from carvis.language import N_, _

_MARKS = "osD^vP*X"
_UNIT_NAMES: dict[Unit, str] = {
    "image": N_("cycles per image"),
    "pixel": N_("cycles per pixel of the feature map"),
}


def layer_spectra(
    spectra: dict[str, dict[str, Spectrum]],
    *,
    unit: Unit = "image",
    title: str = "",
    noise: Spectrum | None = None,
) -> Figure:
    """Draw, for each model, its layers' spectra from first (dark) to last (light), and below the mean frequencies.

    Args:
        spectra: for each model by the name to show, its layers' spectra in execution order.
        unit: of frequency: cycles per ``image`` (a whole image or map), or per ``pixel`` of it.
        title: text above the figure.
        noise: the spectrum of noise, drawn as a dashed line to compare with.

    Raises:
        ValueError: no such unit.
    """
    # The name of the unit in earlier versions.
    unit = "image" if unit == "picture" else unit
    if unit not in UNITS:
        raise ValueError(f"unknown unit {unit!r}: one of {', '.join(UNITS)}")
    figure = new_figure(max(6.0, 1.0 + 4.2 * len(spectra)), 7.4)
    grid = figure.add_gridspec(2, len(spectra), hspace=0.42, wspace=0.25)
    first = None
    for column, (name, layers) in enumerate(spectra.items()):
        axes = figure.add_subplot(grid[0, column], sharey=first)
        first = first or axes
        for place, spectrum in enumerate(layers.values()):
            colour = colormaps["viridis"](0.92 * place / max(1, len(layers) - 1))
            frequency = spectrum.frequencies(unit)
            axes.plot(frequency[1:], spectrum.share[1:], color=colour, linewidth=1.6)
        axes.set_title(name, fontsize=11, color=INK, loc="left", family=fonts(), parse_math=False)
        axes.set_xlabel(_(_UNIT_NAMES[unit]), fontsize=9)
        axes.set_ylabel(_("share of power"), fontsize=9)
        _quiet(axes)
        _name_layers(axes, list(layers))
        if noise is not None:
            frequency = noise.frequencies(unit)
            axes.plot(frequency[1:], noise.share[1:], color=QUIET, linewidth=1, linestyle="--")
    below = figure.add_subplot(grid[1, :])
    for mark, (name, layers) in zip(_MARKS * len(spectra), spectra.items()):
        values = [spectrum.mean_frequency(unit) for spectrum in layers.values()]
        below.plot(np.arange(1, len(values) + 1), values, marker=mark, linewidth=1.4, label=name)
    only = next(iter(spectra.values()), {})
    if len(spectra) == 1 and len(only) <= 20:
        below.set_xticks(range(1, len(only) + 1), list(only), rotation=30, ha="right", fontsize=7, parse_math=False)
    else:
        below.set_xlabel(_("layer, from input to output"), fontsize=9)
    below.set_ylabel(_("mean frequency\n({unit})").format(unit=_(_UNIT_NAMES[unit])), fontsize=9)
    if noise is not None:
        mean = noise.mean_frequency(unit)
        below.axhline(mean, color=QUIET, linewidth=1, linestyle="--")
        below.text(
            0.995,
            mean,
            _("noise"),
            transform=below.get_yaxis_transform(),
            ha="right",
            va="top",
            color=QUIET,
            fontsize=8,
        )
    below.set_ylim(bottom=0)
    _quiet(below)
    if len(spectra) > 1:
        below.legend(fontsize=8, frameon=False, prop={"family": fonts(), "size": 8})
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, color=INK, family=fonts(), parse_math=False)
    figure.subplots_adjust(left=0.11 if len(spectra) == 1 else 0.07, right=0.98, top=0.88, bottom=0.14)
    return figure


def _name_layers(axes: Axes, layers: list[str]) -> None:
    """Name every layer where they are few, else the first and the last."""
    lines = list(zip(axes.get_lines(), layers, strict=True))
    labelled = lines if len(lines) <= 6 else [lines[0], lines[-1]]
    # Matplotlib would read a leading underscore as a wish to hide the line.
    labels = [f"\u200b{layer}" if layer.startswith("_") else layer for _, layer in labelled]
    if labelled:
        axes.legend([line for line, _ in labelled], labels, fontsize=7, frameon=False)


def _quiet(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=QUIET, labelsize=8)
