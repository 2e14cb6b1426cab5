"""PostgreSQL and Valkey from Python packages, for the demo and the tests. Nothing here needs Django."""
