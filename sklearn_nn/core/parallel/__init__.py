"""Threads: our own, those of BLAS, how much work is worth them, and no locks."""
