"""What the other parts stored, made visible. Reads everything, changes nothing."""
