class RedactionFailed(Exception):
    """The text could not be searched for personal data, so it must not leave. Carries no part of the text."""
