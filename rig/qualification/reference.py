"""Published reference data through ``calibration``: what others printed must come out to its printed digits.

The sets are data, in ``rig/qualification/data``: source, inputs, figures with the tolerance that their
printed digits leave. Here stands how each is computed, by the functions that evaluate runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rig.config import read_toml
from rig.qualification.check import SOFTWARE, Check, make

DATA = Path(__file__).with_name("data")
Inputs = Mapping[str, Any]


def reference_checks() -> Iterator[Check]:
    """Compute every set and compare it with what was published."""
    for number, (name, compute) in enumerate(sorted(COMPUTED.items()), start=1):
        told = read_toml(DATA / f"{name}.toml")

        def look(told: Mapping[str, Any] = told, compute: Compute = compute) -> tuple[bool, str]:
            found = compute(told["inputs"])
            right = found.keys() == told["figures"].keys() and all(
                abs(found[key] - figure["published"]) <= figure["tolerance"]
                for key, figure in told["figures"].items()
            )
            return right, ", ".join(f"{key} {value:.9g}" for key, value in found.items())

        expected = ", ".join(
            f"{key} {figure['published']:.9g} ± {figure['tolerance']:g}"
            for key, figure in told["figures"].items()
        )
        yield make(f"OQ-1.{number}", told["what"], expected, SOFTWARE, look, source=told["source"])


def _end_gauge(inputs: Inputs) -> dict[str, float]:
    from calibration.propagation import Input, first_order

    def model(
        *,
        standard: Any,
        difference: Any,
        expansion: Any,
        expansion_difference: Any,
        temperature_difference: Any,
        temperature: Any,
    ) -> Any:
        return (
            standard
            + difference
            - standard * (expansion_difference * temperature + expansion * temperature_difference)
        )

    found = first_order(model, {name: Input(**given) for name, given in inputs.items()}, "nm")
    return {"length_nm": found.value, "u_nm": found.u, "dof": found.dof}


def _thermometer(inputs: Inputs) -> dict[str, float]:
    import numpy as np

    from calibration.curve_fit import polynomial_fit

    readings = np.array(inputs["reading_c"]) - inputs["t0_c"]
    curve = polynomial_fit(readings, inputs["correction_c"], 1)
    (intercept, slope), (intercept_u, slope_u) = curve.fit.coefficients, curve.fit.u
    at_30 = curve.predict(30.0 - inputs["t0_c"], "°C")
    return {
        "intercept_c": float(intercept),
        "intercept_u_c": float(intercept_u),
        "slope": float(slope),
        "slope_u": float(slope_u),
        "correlation": float(curve.fit.covariance[0, 1] / (intercept_u * slope_u)),
        "at_30_c": at_30.value,
        "at_30_u_c": at_30.u,
    }


def _bearing(inputs: Inputs) -> dict[str, float]:
    """The rule's own acceptance is integrated over the process, so that the rule is what is checked."""
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.stats import gamma, norm

    from calibration.decision import Outcome, guard_band
    from calibration.limits import Limits
    from calibration.measured import Contribution, combine

    limit, u = inputs["limit_um"], inputs["u_um"]
    prior = gamma(inputs["prior_shape"], scale=inputs["prior_scale_um"])

    def accepted_up_to(factor: float) -> float:
        def sign(value: float) -> int:
            measured = combine(value, "µm", [Contribution("measurement", u)])
            return 1 if guard_band(measured, Limits(None, limit), factor).outcome is Outcome.PASS else -1

        return float(brentq(sign, 0.5 * limit, 1.25 * limit, xtol=1e-9))

    def risk_percent(factor: float) -> float:
        edge = accepted_up_to(factor)
        wrongly = quad(lambda true: prior.pdf(true) * norm.cdf((edge - true) / u), limit, 10 * limit)
        return 100.0 * float(wrongly[0])

    factor = (limit - inputs["guarded_um"]) / (2.0 * u)
    return {"risk_percent": risk_percent(0.0), "guarded_risk_percent": risk_percent(factor)}


def _frequencies(inputs: Inputs) -> dict[str, float]:
    import numpy as np

    from calibration.allan import allan_deviation

    number, frequencies = inputs["seed"], []
    for _ in range(inputs["count"]):
        frequencies.append(number / inputs["modulus"])
        number = inputs["multiplier"] * number % inputs["modulus"]
    phases = np.concatenate([[0.0], np.cumsum(frequencies)])
    found = allan_deviation(phases, 1.0, factors=inputs["factors"])
    return {
        f"at_{factor}": float(value) for factor, value in zip(inputs["factors"], found.deviation, strict=True)
    }


def _factors(inputs: Inputs) -> dict[str, float]:
    from calibration.tolerance import two_sided_factor

    return {
        f"n{n}_coverage{round(100 * share)}": two_sided_factor(
            n, coverage=share, confidence=inputs["confidence"]
        )
        for n, share in zip(inputs["n"], inputs["coverage"], strict=True)
    }


Compute = Callable[[Inputs], dict[str, float]]

COMPUTED: dict[str, Compute] = {
    "gum-h1": _end_gauge,
    "gum-h3": _thermometer,
    "jcgm106-bearing": _bearing,
    "nist-sp1065": _frequencies,
    "tolerance-factors": _factors,
}
