"""Convolutions and pools: blocks that look at windows.

Public names are imported from `sklearn_nn.blocks`.
"""
