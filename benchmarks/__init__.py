"""Benchmarks: our estimators beside their rivals, both sides in one process."""
