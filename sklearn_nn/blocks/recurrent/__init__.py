"""Blocks with a state that goes from step to step.

Public names are imported from `sklearn_nn.blocks`.
"""
