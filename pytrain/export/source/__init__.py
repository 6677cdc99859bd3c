"""What an export starts from: opens a model and gives it the contract's input and output."""
