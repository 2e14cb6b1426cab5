"""What each stored field is, and whether it may leave."""
