"""Demo data: see README.md beside this file for its source."""
