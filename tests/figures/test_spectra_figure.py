import numpy as np

from carvis.explain import Spectrum
from carvis.figures import figure_bytes, layer_spectra


def test_each_model_has_its_lines_and_all_share_the_means():
    share = np.array([0, 0.5, 0.5, 0])
    own = {"_conv": Spectrum(share, 8, 3), "$last$": Spectrum(share[::-1], 4, 2)}
    figure = layer_spectra({"own": own, "モデル": own}, unit="pixel", title="of $patterns$")
    above, means = figure.axes[0], figure.axes[-1]
    assert len(figure.axes) == 3 and len(above.lines) == 2 and len(means.lines) == 2
    np.testing.assert_allclose(above.lines[0].get_xdata(), [1 / 8, 2 / 8, 3 / 8])
    np.testing.assert_allclose(means.lines[0].get_ydata(), [1.5 / 8, 1.5 / 4])
    assert figure_bytes(figure) == figure_bytes(
        layer_spectra({"own": own, "モデル": own}, unit="pixel", title="of $patterns$")
    )


def test_a_silent_layer_and_one_model_are_drawn_too():
    figure = layer_spectra({"own": {"conv": Spectrum(np.zeros(4), 8, 0)}})
    assert len(figure.axes) == 2 and figure_bytes(figure)
