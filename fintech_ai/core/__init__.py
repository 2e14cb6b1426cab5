"""What every layer needs: tenant scope, errors, API plumbing, embedded services."""
