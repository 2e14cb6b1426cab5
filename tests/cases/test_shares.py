"""Shares and differences against published figures, and against what must always be true of them."""

import random

import pytest

from fintech_ai.core.shares import Difference, Share, kappa


@pytest.mark.parametrize(
    ("some", "all_", "low", "high"),
    [
        # Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(some, all_, low, high):
    share = Share(some, all_)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # Newcombe, Interval estimation for the difference, Stat. Med. 17 (1998), table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_the_interval_of_a_difference_is_newcombes(first, second, low, high):
    difference = Difference(Share(*first), Share(*second))
    assert (round(difference.low, 4), round(difference.high, 4)) == (low, high)


def test_nothing_counted_says_nothing():
    none, some = Share(0, 0), Share(3, 4)
    assert (none.value, none.low, none.high) == (None, 0.0, 1.0)
    for difference in (Difference(none, some), Difference(some, none)):
        assert (difference.value, difference.low, difference.high) == (None, -1.0, 1.0)
        assert not difference.is_certain


def test_few_cases_raise_no_flag():
    assert not Difference(Share(6, 6), Share(0, 1)).is_certain
    assert Difference(Share(40, 50), Share(20, 50)).is_certain
    assert not Difference(Share(26, 50), Share(24, 50)).is_certain


def test_the_interval_covers_the_true_share_about_95_times_of_a_hundred():
    chance, covered = random.Random(7), 0
    for _ in range(4000):
        share = Share(sum(chance.random() < 0.8 for _ in range(40)), 40)
        covered += share.low <= 0.8 <= share.high
    assert 0.93 < covered / 4000 < 0.97


def test_kappa_is_cohens():
    # J. L. Fleiss, Statistical Methods for Rates and Proportions, table 13.1: kappa .68.
    table = {
        ("psychotic", "psychotic"): 75, ("psychotic", "neurotic"): 1, ("psychotic", "organic"): 4,
        ("neurotic", "psychotic"): 5, ("neurotic", "neurotic"): 4, ("neurotic", "organic"): 1,
        ("organic", "organic"): 10,
    }  # fmt: skip
    assert round(kappa(table), 2) == 0.68
    assert kappa({}) is None
    assert kappa({("clear", "clear"): 9}) is None
