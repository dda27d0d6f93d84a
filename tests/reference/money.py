"""Money: one rounding, half to even."""

from fractions import Fraction

from harness.values import DIGITS


def weigh(minor, source, target, probability_bp=10000, rate=None):
    """amount x p x rate in the target's minor units; `rate` is (billionths, inverse) or None where source is target."""
    amount = Fraction(minor, 10 ** DIGITS.get(source, 2)) * Fraction(probability_bp, 10000)
    if rate is not None:
        factor = Fraction(rate[0], 1000000000)
        amount = amount / factor if rate[1] else amount * factor
    return round(amount * 10 ** DIGITS.get(target, 2))  # Fraction rounds half to even
