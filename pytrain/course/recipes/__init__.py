"""The recipes of the course: one file for each, to be read."""
