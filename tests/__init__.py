"""The tests are a package of their own: one from PyPI installs another of this name, which would be found first."""
