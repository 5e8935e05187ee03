"""The dashboard's server. Start it with ``streamlit run dashboard/app.py [-- --workspace PATH]``."""

import streamlit as st

app = st.App("navigation.py")
