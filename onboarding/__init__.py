"""Identity documents become fields, each traced to its place on the page."""
