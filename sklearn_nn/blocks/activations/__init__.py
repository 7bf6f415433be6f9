"""Functions of each entry, which `Dense` and others take by name.

Public names are imported from `sklearn_nn.blocks`.
"""
