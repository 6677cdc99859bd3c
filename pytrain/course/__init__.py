"""The course: each exercise of a first class on CNNs as one command, from data to hand-in and browser."""
