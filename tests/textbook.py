"""The perceptron as textbooks have it: one row after the other, in plain loops."""

import numpy as np


def textbook(X, above, steps, w, passes):
    """Yield pass number, row, whether it was a mistake, and the weights after it.

    ``above`` says on which side a row belongs, ``steps`` what is added for a mistake,
    ``passes`` lists the rows of each pass. The last entry of ``w`` is the bias weight.
    """
    w, b = w[:-1].copy(), w[-1]
    for number, order in enumerate(passes):
        for i in order:
            wrong = bool(X[i] @ w + b > 0) != bool(above[i])
            if wrong:
                w = w + steps[i] * X[i]
                b = b + steps[i]
            yield number, i, wrong, np.append(w, b).astype(X.dtype)


def mistakes_of(w, X, above):
    """Return which rows are on the wrong side."""
    return (X @ w[:-1] + w[-1] > 0) != above
