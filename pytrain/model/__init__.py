"""The networks: each file builds one, from the 224 x 224 input to the probabilities."""

without_wrappers = False
"""The command line sets this: Keras then leaves out its wrappers around scikit-learn and its galleries drawn
by Matplotlib, which no command uses and which are a third of the whole import."""
