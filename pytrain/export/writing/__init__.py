"""From the plain network to the two formats of TensorFlow.js and their weight files."""
