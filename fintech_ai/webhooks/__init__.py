"""Webhooks: other systems are told what happened to a case, signed, again and again until they have it."""
