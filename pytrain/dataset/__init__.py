"""Folders of pictures: reading and checking them, splitting them, and drawing the four shapes."""
