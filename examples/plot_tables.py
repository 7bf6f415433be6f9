"""
A table as it is
================

A frame with times, words, bools, many categories and missing values goes into
`TabularClassifier` without a step before it. We have made this frame ourselves, so we
know the true probability of every row: it changes smoothly with the hour of the day and
with the temperature, as much in nature does. Boosted trees build such curves of steps,
and for that they need more rows.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from sklearn_nn import TabularClassifier

rng = np.random.default_rng(0)
TOWNS = [f"town {i}" for i in range(15)]
APPEAL = dict(zip(TOWNS, rng.normal(0, 1, len(TOWNS)), strict=True))
SKIES = {"sun": 1.0, "clouds": 0.3, "rain": -1.5}
SIZES = 400, 800, 1600


def make_rides(n):
    """Return when and where a bike is out, and with what probability it is."""
    start = pd.Timestamp("2024-01-01")
    minutes = pd.to_timedelta(rng.integers(0, 366 * 24 * 60, n), unit="min")
    rides = pd.DataFrame(
        {
            "time": start + minutes,
            "temperature": rng.normal(12, 8, n),
            "sky": rng.choice(list(SKIES), n),
            "town": pd.Categorical(rng.choice(TOWNS, n), TOWNS),
            "electric": rng.random(n) < 0.4,
        }
    )
    return rides, probability(rides)


def probability(rides):
    """Return the probability that the bike of each row is out."""
    hour = rides["time"].dt.hour + rides["time"].dt.minute / 60
    rush = 1.5 * np.cos(2 * np.pi * (hour - 8) / 12) - 1.5 * np.cos(np.pi * hour / 12)
    warmth = 1.5 - (rides["temperature"] - 22) ** 2 / 200
    fair = rides["sky"].map(SKIES) * (1 - 0.5 * rides["electric"])
    appeal = rides["town"].astype(object).map(APPEAL).astype(float)
    return expit(rush + warmth + fair + appeal).to_numpy()


def with_gaps(rides):
    """Return the frame as it comes from the thermometer, which fails at times."""
    return rides.assign(
        temperature=rides["temperature"].where(rng.random(len(rides)) < 0.9)
    )


def networks():
    """Return the ensemble of networks with its default settings."""
    return TabularClassifier(random_state=0)


def trees():
    """Return boosted trees with their default settings."""
    return HistGradientBoostingClassifier(random_state=0)


def for_trees(rides):
    """Return the frame as they read it: the time as hour, words as categories."""
    hour = rides["time"].dt.hour + rides["time"].dt.minute / 60
    sky = pd.Categorical(rides["sky"], list(SKIES))
    return rides.drop(columns="time").assign(hour=hour, sky=sky)


rides, p = make_rides(max(SIZES))
rides, is_out = with_gaps(rides), rng.random(len(p)) < p
test, p_test = make_rides(4000)
test, was_out = with_gaps(test), rng.random(4000) < p_test

curves = {"TabularClassifier": [], "HistGradientBoosting": [], "the truth": []}
print(f"{'rows':>6}" + "".join(f"{name:>22}" for name in curves))
for n in SIZES:
    model = networks().fit(rides[:n], is_out[:n])
    rival = trees().fit(for_trees(rides[:n]), is_out[:n])
    predictions = (
        model.predict_proba(test)[:, 1],
        rival.predict_proba(for_trees(test))[:, 1],
        p_test,
    )
    losses = [log_loss(was_out, prediction) for prediction in predictions]
    for curve, loss in zip(curves.values(), losses, strict=True):
        curve.append(loss)
    print(f"{n:6d}" + "".join(f"{loss:22.3f}" for loss in losses))

ours, theirs, truth = map(np.array, curves.values())
assert (ours < theirs).all()  # at every number of rows
assert ours[-1] - truth[-1] < 0.7 * (theirs[-1] - truth[-1])

degrees = np.linspace(-8, 32, 201)
morning = test.iloc[:1].loc[np.zeros(len(degrees), int)]
morning = morning.assign(time=pd.Timestamp("2024-05-14 08:30"), temperature=degrees)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for (name, losses), style in zip(curves.items(), ("C0o-", "C1o-", "k:"), strict=True):
    left.semilogx(SIZES, losses, style, label=name)
left.set_xticks(SIZES, SIZES)
left.minorticks_off()
left.set(xlabel="rows to train on", ylabel="log loss on test data")
left.set_ylim(0.4, 0.66)
left.legend(loc="upper right")

predictions = (
    model.predict_proba(morning)[:, 1],
    rival.predict_proba(for_trees(morning))[:, 1],
    probability(morning),
)
for name, curve, style in zip(curves, predictions, ("C0-", "C1-", "k:"), strict=True):
    right.plot(degrees, curve, style, label=name)
right.set(xlabel="temperature of a row", ylabel="probability")
right.legend()
plt.show()
