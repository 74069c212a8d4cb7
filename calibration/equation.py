"""A result by its model equation: what is computed from which inputs, and what each gives to u.

Every measurand of the rig is one equation of named inputs. The first order (GUM 5.1.2) and Monte Carlo
(JCGM 101) are both done; the first order stands where Monte Carlo agrees with it, and the result says which
of the two it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from calibration.input_quantity import LEAST_STUDENT_DOF, Input, Model
from calibration.measured import Measured
from calibration.propagation import Method, first_order, measure

TRIALS = 30_000
"""Place the ends of an interval within 0.02·u; a budget's lines are not known so well."""


def result(
    equation: str, model: Model, inputs: Mapping[str, Input], unit: str, *, as_read: float | None = None
) -> Measured:
    """Return what an equation gives, with the uncertainty of its inputs.

    Args:
        equation: as a person writes it, with the inputs' symbols.
        model: the same as a function of the inputs' symbols, of operators and numpy functions.
        inputs: by symbol; their ``name`` is their line in the budget.
        unit: the result's.
        as_read: the value before corrections, where there are any.

    Raises:
        EstimateError: see :func:`~calibration.propagation.measure`.
    """
    if any(source.student and source.dof <= LEAST_STUDENT_DOF for source in inputs.values()):
        # Student's law has no standard deviation then, so nothing can be drawn; k grows all the same.
        measured, method = first_order(model, inputs, unit), Method.FIRST_ORDER
    else:
        done = measure(model, inputs, unit, maximum=TRIALS)
        measured, method = done.measured, done.method
    return measured.explained(equation, method.value, as_read=as_read)
