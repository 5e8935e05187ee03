"""Whether a model rests on what a heatmap shows: deletion and insertion, the sanity check, the evidence swap."""
