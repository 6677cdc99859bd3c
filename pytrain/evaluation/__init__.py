"""What a trained model is worth, on pictures it has never seen: figures, calibration, the report."""
