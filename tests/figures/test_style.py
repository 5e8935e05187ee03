"""Fonts for Japanese words: found on the disk where matplotlib's list is stale, asked for once where there are none."""

import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager

from carvis.figures import style
from carvis.language import speaking


@pytest.fixture
def stale(monkeypatch):
    """A list of fonts that was written before any Japanese one was installed."""
    without = [font for font in font_manager.fontManager.ttflist if font.name not in style._CJK_FONTS]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", without)
    style.fonts.cache_clear()
    style._warn_no_font.cache_clear()
    yield monkeypatch
    style.fonts.cache_clear()
    style._warn_no_font.cache_clear()


def rendered(message):
    figure = style.new_figure(2, 1)
    figure.text(0.1, 0.5, message)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


def test_a_font_on_the_disk_that_the_list_misses_is_taken(stale):
    files = [path for path in font_manager.findSystemFonts() if style._CJK_FILES.search(Path(path).name)]
    if not files:
        pytest.skip("no Japanese font is installed")
    assert len(style.fonts()) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (rendered("日本語") != rendered("学習率")).any()


def test_where_there_is_none_one_sentence_says_what_to_install(stale, caplog):
    stale.setattr(font_manager, "findSystemFonts", list)
    with caplog.at_level(logging.WARNING, "carvis"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rendered("plain")
        assert not caplog.messages
        with speaking("ja"):
            rendered("日本語")
            rendered("学習率")
    assert (
        len(caplog.messages) == 1 and "fonts-noto-cjk" in caplog.messages[0] and "日本語フォント" in caplog.messages[0]
    )
    assert not [item for item in caught if "Glyph" in str(item.message)]


def test_words_are_measured_in_the_font_that_they_are_drawn_in(stale):
    """A layout that is fitted before the figure is drawn warned of every letter, and took the width of boxes."""
    if not [path for path in font_manager.findSystemFonts() if style._CJK_FILES.search(Path(path).name)]:
        pytest.skip("no Japanese font is installed")
    figure = style.new_figure(2, 1)
    figure.subplots().set_title("日本語")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.tight_layout(rect=(0, 0.1, 1, 1))
        figure.canvas.draw()
