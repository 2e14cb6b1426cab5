"""The plumbing of the REST API: errors, pages, strict fields."""
