"""Repeatable chance: a stream of its own per subject, and figures that vary around an expectation.

Every figure of the sample is an integer (cents, hundredths of an hour, vehicles), varied in per mille: no binary
fraction comes near an amount.

Source: Source side, "Scope and vocabulary".
"""

from random import Random


def stream(seed: int, *subject: object) -> Random:
    """The chance of one subject (site, month, topic): the same for the same arguments, whatever else is made."""
    return Random("/".join(str(part) for part in (seed, *subject)))  # noqa: S311 - figures of a sample, no secret


def varied(value: int, spread: int, chance: Random) -> int:
    """`value` times a factor between 1000 − `spread` and 1000 + `spread` per mille."""
    return per_mille(value, 1000 - spread + below(2 * spread + 1, chance))


def per_mille(value: int, share: int) -> int:
    """`value` × `share` ÷ 1000, rounded half up."""
    return (value * share + 500) // 1000


def below(limit: int, chance: Random) -> int:
    """A whole number from 0 to `limit` − 1, five times faster than `Random.randrange`."""
    return int(chance.random() * limit)


def one_in(count: int, chance: Random) -> bool:
    """True once in `count` times."""
    return below(count, chance) == 0
