"""Model files as data: inspected, judged and limited before Keras opens them."""
