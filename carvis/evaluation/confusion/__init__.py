"""The confusion matrix, the order of its classes, and super-classes."""
