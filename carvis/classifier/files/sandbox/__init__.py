"""Opening large or unusual model files first in a process of their own, which may end in any way."""
