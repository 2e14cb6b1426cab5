"""How likely is a payment to be fraud? A statistical model over numbers that were known when it was made."""
