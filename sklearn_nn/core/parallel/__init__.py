"""Threads: our own, those of BLAS, and how much work is worth them."""
