"""Points in time as numbers: seconds, and where they are in year, week and day."""

import numpy as np

from sklearn_nn.core import Array

PARTS = ("seconds", "month", "weekday", "hour")


def time_parts(times: Array) -> Array:
    """Return PARTS of datetime64 times (n,) as float64 (n, 4), NaN where NaT.

    Seconds count from 1970, months from 1, the days of a week from Monday, which is 0.
    """

    def count(unit: str) -> Array:
        return times.astype(f"datetime64[{unit}]").astype(np.int64)

    micros, months, days, hours = map(count, ("us", "M", "D", "h"))
    # 1970 began on a Thursday.
    parts = [micros / 1e6, months % 12 + 1, (days + 3) % 7, hours % 24]
    stacked = np.stack(parts, axis=1).astype(np.float64)
    stacked[np.isnat(times)] = np.nan
    return stacked
