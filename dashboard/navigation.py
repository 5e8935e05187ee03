"""Which page is shown, and what every page has: the sidebar, and sentences about the link. ``app.py`` serves it."""

from pathlib import Path

import streamlit as st

from carvis.startup import load_ahead, quiet_tensorflow
from ui.state import workspace
from ui.state.garbage import set_aside
from ui.state.i18n import _
from ui.widgets import frame, unreadable_list
from ui.widgets.layout import guarded

with guarded():
    workspace.look_again()
quiet_tensorflow()
# Several sessions would otherwise import these at the same moment; TensorFlow has its own remedy.
load_ahead("scipy.stats", "sklearn.metrics", "statsmodels.stats.proportion", "matplotlib.figure", "pyarrow.parquet")
set_aside("the pages")
# A material icon would be fetched from another machine.
ICON = Path(__file__).parent / "icon.svg"
st.set_page_config(page_title="carvis", page_icon=str(ICON), layout="wide", initial_sidebar_state=248)

pages = {
    "overview": st.Page(
        "app_pages/overview.py", title=_("Overview"), icon=":material/home:", url_path="home", default=True
    ),
    "data": st.Page(
        "app_pages/data_health.py", title=_("Data"), icon=":material/health_and_safety:", url_path="data-health"
    ),
    "models": st.Page("app_pages/models.py", title=_("Models"), icon=":material/network_node:", url_path="models"),
    "training": st.Page(
        "app_pages/training.py", title=_("Training runs"), icon=":material/monitoring:", url_path="training"
    ),
    "confusion": st.Page(
        "app_pages/confusion.py", title=_("Confusion matrix"), icon=":material/grid_on:", url_path="confusion"
    ),
    "compare": st.Page(
        "app_pages/compare.py", title=_("Compare models"), icon=":material/balance:", url_path="compare"
    ),
    "misclassified": st.Page(
        "app_pages/misclassified.py",
        title=_("Misclassified"),
        icon=":material/rule:",
        url_path="misclassified",
    ),
    "slices": st.Page("app_pages/slices.py", title=_("Slices"), icon=":material/content_cut:", url_path="slices"),
    "image_map": st.Page(
        "app_pages/image_map.py", title=_("Image map"), icon=":material/scatter_plot:", url_path="image-map"
    ),
    "heatmaps": st.Page("app_pages/heatmaps.py", title=_("Heatmaps"), icon=":material/blur_on:", url_path="heatmaps"),
    "try_it": st.Page("app_pages/try_it.py", title=_("Try it"), icon=":material/add_a_photo:", url_path="try-it"),
    "attention": st.Page(
        "app_pages/attention.py", title=_("Where models look"), icon=":material/visibility:", url_path="attention"
    ),
    "concepts": st.Page("app_pages/concepts.py", title=_("Concepts"), icon=":material/category:", url_path="concepts"),
    "filters": st.Page("app_pages/filters.py", title=_("Filters"), icon=":material/grid_view:", url_path="filters"),
    "activations": st.Page(
        "app_pages/activations.py", title=_("Activations"), icon=":material/layers:", url_path="activations"
    ),
}
# The default page is served at the root only: this one is the same at the address that people type.
overview = st.Page(
    "app_pages/overview_address.py",
    title=_("Overview"),
    icon=":material/home:",
    url_path="overview",
    visibility="hidden",
)
with guarded(), unreadable_list.listed():
    frame.draw(pages, overview)
