"""Checks of arguments and data, which raise errors that name the value."""

import math
import operator
from numbers import Real

import numpy as np

LARGEST_SEED = 2**32 - 1  # of np.random.RandomState


def spelled(value):
    """Return the repr of ``value``; of a NumPy scalar, the repr of the equal Python value."""
    if not isinstance(value, np.generic):
        return repr(value)
    python = value.item()  # dates may become counts, and long floats stay as they are
    dates = value.dtype.kind in "mM"
    return str(value) if dates or isinstance(python, np.generic) else repr(python)


def is_number(value):
    """Return whether ``value`` is a real number: not True, False or NumPy's durations."""
    return isinstance(value, Real) and not isinstance(value, bool | np.timedelta64)


def check_kind(values):
    """Raise TypeError where ``values`` are masked, dates, durations, complex numbers or records:
    NumPy would convert most of these to numbers without an error."""
    parts = values if isinstance(values, list | tuple) else [values]
    if any(np.ma.is_masked(part) for part in parts):
        raise TypeError("it has masked values; fill or remove them first")
    array = np.asarray(values)
    dtypes = {np.asarray(item).dtype for item in array.flat} if array.dtype == object else ()
    for dtype in (array.dtype, *dtypes):
        if dtype.kind in "mMcV":
            raise TypeError(f"it holds {dtype}")


def check_start(network, n_features, exact=False, hint=""):
    """Raise ValueError unless ``network`` has weights and biases of the documented shapes, for
    ``n_features`` features; ``hint`` ends the message. Unless ``exact``, a bias may have any shape
    that broadcasts to the sums of one sample, such as a number for all units."""
    if hasattr(network, "units"):
        shape = n_features, network.units
        expected = {"w1": shape, "b1": shape[1:], "w2": (network.units, 1), "b2": ()}
        size = f"{n_features} features and {network.units} units"
    else:
        expected = {"w": (n_features, 1), "b": ()}
        size = f"{n_features} features"
    values = [getattr(network, name, None) for name in expected]
    got = [None if value is None else np.shape(value) for value in values]
    shapes = [*expected.values()]
    fits = [
        [shape] if len(shape) == 2 else [shape, (1, *shape), (1, 1), (1,), ()] for shape in shapes
    ]
    if got != shapes and (exact or not all(map(operator.contains, fits, got))):
        *names, last = expected
        raise ValueError(
            f"{', '.join(names)} and {last} of a {type(network).__name__} have the shapes {got};"
            f" expected {shapes} for {size}." + hint
        )


def checked_samples(x, name="x", n_features=None):
    """Return ``x`` as a float64 array (m, n_features). Raises ValueError when it is not a table of
    finite numbers with at least one row and column, or not ``n_features`` wide."""
    try:
        check_kind(x)
        x = np.asarray(x).astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold numbers only: {error}.") from error
    if x.ndim != 2 or x.size == 0:
        raise ValueError(
            f"{name} has shape {x.shape}; expected (m, n_features) with samples in rows,"
            " at least one row and one column (a single sample is x[:1], not x[0])."
        )
    if not np.isfinite(x).all():
        count = np.count_nonzero(~np.isfinite(x))
        raise ValueError(
            f"{name} holds {count} NaN or infinite values; remove or replace them first."
        )
    if n_features is not None and x.shape[1] != n_features:
        raise ValueError(
            f"{name} has {x.shape[1]} features; expected {n_features}, as in the training samples."
        )
    return x


def checked_targets(y, m, name="y"):
    """Return ``y``, given as (m,) or (m, 1), as a float64 column (m, 1) of zeros and ones. Raises
    ValueError for any other shape, length or value."""
    try:
        check_kind(y)
        y = np.asarray(y)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold one target per sample: {error}.") from error
    if y.shape not in ((m,), (m, 1)):
        raise ValueError(
            f"{name} has shape {y.shape}; expected ({m},) or ({m}, 1), one target per sample."
        )
    for value in y.ravel().tolist():
        if value not in (0, 1):
            raise ValueError(
                f"{name} holds the target {spelled(value)}; expected 0 and 1 only."
                " Encode the classes first: y == the label of class 1."
            )
    return (y == 1).reshape(-1, 1).astype(np.float64)


def checked_data(x, y, x_val=None, y_val=None):
    """Return the four arrays as `checked_samples` and `checked_targets` give them. Raises
    ValueError, also where only one of ``x_val`` and ``y_val`` is given."""
    x = checked_samples(x)
    y = checked_targets(y, len(x))
    if (x_val is None) != (y_val is None):
        missing = "x_val" if x_val is None else "y_val"
        raise ValueError(f"{missing} is missing; pass both x_val and y_val, or neither.")
    if x_val is not None:
        x_val = checked_samples(x_val, "x_val", x.shape[1])
        y_val = checked_targets(y_val, len(x_val), "y_val")
    return x, y, x_val, y_val


def checked_count(value, name, low, high=math.inf):
    """Return ``value`` as an int from ``low`` to ``high``. Raises ValueError."""
    try:
        # operator.index accepts True and False, which are mistakes here.
        count = math.nan if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = math.nan
    if not low <= count <= high:
        allowed = f"{low:,} or more" if high == math.inf else f"{low:,} to {high:,}"
        raise ValueError(f"{name} is {spelled(value)}; expected a whole number, {allowed}.")
    return count


def checked_number(value, name, low=-math.inf, above=-math.inf):
    """Return ``value`` as a finite float, >= ``low`` and > ``above``. Raises ValueError."""
    try:
        number = float(value) if is_number(value) else math.nan
    except OverflowError:  # an int too large for a float
        number = math.inf
    if not (math.isfinite(number) and low <= number and above < number):
        expected = "a finite number"
        expected += f", {low} or more" if low > -math.inf else ""
        expected += f" above {above}" if above > -math.inf else ""
        raise ValueError(f"{name} is {spelled(value)}; expected {expected}.")
    return number


def checked_epoch(epoch, done, low=0):
    """Return ``epoch``, an int from ``low`` to the epochs ``done``. Raises ValueError."""
    epoch = checked_count(epoch, "epoch", low)
    if done < low:
        raise ValueError(f"epoch is {epoch}, but nothing is trained yet: call fit(epochs) first.")
    if epoch > done:
        raise ValueError(f"epoch is {epoch}; expected {low} to {done}, the epochs trained.")
    return epoch
