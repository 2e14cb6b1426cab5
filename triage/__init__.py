"""Fraud alerts become recommendations that a person decides."""
