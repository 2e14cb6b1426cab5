"""A draft of a suspicious activity report (FinCEN form 111): filled from supported claims only, never filed by us."""
