"""The networks: each file builds one, from the 224 x 224 input to the probabilities."""
