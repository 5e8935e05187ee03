"""The sections of a report, a file each: a function of ``Context`` that returns a ``Section``, or None for nothing."""
