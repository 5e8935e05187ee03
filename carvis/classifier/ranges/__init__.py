"""Bounds of values in a model: of its input, its output and what lies between."""
