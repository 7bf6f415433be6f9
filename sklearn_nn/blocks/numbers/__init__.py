"""Vectors for numbers: linear, periodic and piecewise linear.

Public names are imported from `sklearn_nn.blocks`.
"""
