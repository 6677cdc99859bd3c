"""From Keras's layers and operations to the plain network."""
