"""Answers from policies, every sentence cited."""
