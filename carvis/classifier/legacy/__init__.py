"""Models of Keras 1 and 2, rebuilt as models of Keras 3."""
