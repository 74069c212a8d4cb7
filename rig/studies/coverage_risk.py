"""How often decisions were wrong, counted against the truth, beside what the product's rules promise.

Risks are those of JCGM 106: the *specific* consumer's risk is the share of accepted results whose true value
is out of limits, the *global* one the share of all results that are; the producer's risk is the share of all
that conform and are not accepted. Each is a count, so each has an exact interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import betaincinv, ndtr

from calibration.decision import Outcome
from rig.product import Rule


@dataclass(frozen=True)
class Judged:
    """A decision beside the truth.

    Args:
        outcome: what the rule said.
        conforms: whether the true value lies within the limits.
        beyond_guard: whether it lies outside by more than the guard band.
    """

    outcome: Outcome
    conforms: bool
    beyond_guard: bool

    @property
    def accepted(self) -> bool:
        """Whether the rule accepted it."""
        return self.outcome is Outcome.PASS


@dataclass(frozen=True)
class Share:
    """So many of so many, with the exact 95 % interval of the share behind it."""

    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share found; 0 where there was nothing to find it in."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class Promise:
    """What a rule says of its risk: of one accepted result (specific), or of all units (global)."""

    kind: str
    greatest: float


@dataclass(frozen=True)
class Risks:
    """Decisions about one measurand.

    Args:
        characteristic: whose limits and rule were used; ``rule`` by name.
        promise: the risk that the rule states.
        truly_out: how many of all judged do not conform.
        specific: accepted though out, of those accepted; ``consumer`` the same of all; ``producer``: not
            accepted though in, of all.
        beyond_guard: accepted though out by more than the guard band, of all.
    """

    measurand: str
    characteristic: str
    rule: str
    promise: Promise
    judged: int
    truly_out: int
    specific: Share
    consumer: Share
    producer: Share
    beyond_guard: Share

    @property
    def kept(self) -> bool:
        """Whether the risk found may be the one that was stated: its interval does not lie above."""
        found = self.specific if self.promise.kind == "specific" else self.consumer
        return found.low <= self.promise.greatest


def promised(rule: Rule) -> Promise:
    """Return the greatest risk that a rule takes.

    A result at the edge of a guard band r·U with U = 2u is out with a probability of 1 − Φ(2r)
    (JCGM 106, 8.3.2), at the limit itself (simple acceptance) with one of a half.
    """
    match rule.name:
        case "guard_band":
            return Promise("specific", float(ndtr(-2.0 * rule.factor)))
        case "simple_acceptance":
            return Promise("specific", 0.5)
        case "specific_risk" | "global_risk" as name:
            assert rule.max_risk is not None
            return Promise(name.removesuffix("_risk"), rule.max_risk)


def risks(measurand: str, characteristic: str, rule: Rule, judged: Sequence[Judged]) -> Risks:
    """Count the wrong decisions about a measurand."""
    accepted = [one for one in judged if one.accepted]
    wrongly = sum(not one.conforms for one in accepted)
    turned_away = sum(one.conforms and not one.accepted for one in judged)
    return Risks(
        measurand,
        characteristic,
        rule.name,
        promised(rule),
        len(judged),
        sum(not one.conforms for one in judged),
        specific=share(wrongly, len(accepted)),
        consumer=share(wrongly, len(judged)),
        producer=share(turned_away, len(judged)),
        beyond_guard=share(sum(one.beyond_guard for one in accepted), len(judged)),
    )


def share(count: int, of: int) -> Share:
    """Return a share with its exact interval."""
    return Share(count, of, *clopper_pearson(count, of))


def clopper_pearson(successes: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934); 0 to 1 where nothing was tried."""
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, count - successes + 1, tail))
    high = 1.0 if successes == count else float(betaincinv(successes + 1, count - successes, 1 - tail))
    return low, high
