"""Transformers from the columns of a table to the numbers that a network reads."""

from sklearn_nn.preprocessing._table_encoder import TableEncoder

__all__ = ["TableEncoder"]
