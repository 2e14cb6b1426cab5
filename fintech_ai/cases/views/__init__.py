"""The pages on which people work their queues."""
