"""Is what was uploaded payable? Row by row, and against the file and the days before."""
