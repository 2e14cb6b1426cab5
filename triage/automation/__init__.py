"""When may a case be cleared without a person? Pure functions; services/clearing.py applies them."""
