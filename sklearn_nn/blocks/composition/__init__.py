"""Blocks made of blocks, and what they share.

Public names are imported from `sklearn_nn.blocks`.
"""
