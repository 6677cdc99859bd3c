"""Training: start reading in train.py."""
