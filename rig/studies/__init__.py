"""Studies: many runs with one question. The only room, besides tests, that may read the twin's truth."""
