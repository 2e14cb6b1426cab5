"""Finds personal data in texts. Knows nothing of the project: it runs in a process of its own, without its keys."""
