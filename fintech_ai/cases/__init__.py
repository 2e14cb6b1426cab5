"""The case model that all capabilities share: queue, case, run, recommendation, decision."""
