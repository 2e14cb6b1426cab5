"""Who is there: tenants, people, memberships, API tokens."""
