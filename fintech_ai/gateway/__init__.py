"""The only way out to a model."""
