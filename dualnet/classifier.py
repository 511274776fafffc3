"""The chapter's networks as a scikit-learn estimator."""

import copy
import warnings
from contextlib import suppress
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from dualnet.networks import DualLayer, GlorotInitNetwork, RandomInitNetwork
from dualnet.training.trainer import Trainer
from dualnet.validation import check_kind, spelled

PREDICTED_NUMBERS = 2**17  # hidden activations at a time: they stay in a core's cache
RECENT_EPOCHS = 10  # over which a loss that hardly changes counts as converged, as in MLPClassifier


def he_start(n_features, units, rng):
    """Return w1, b1, w2 and b2: normal weights of standard deviation sqrt(2 / fan-in), biases 0.

    K. He, X. Zhang, S. Ren and J. Sun, *Delving deep into rectifiers*, 2015.
    """
    w1 = rng.normal(0, np.sqrt(2 / n_features), (n_features, units))
    w2 = rng.normal(0, np.sqrt(2 / units), (units, 1))
    return w1, np.zeros(units), w2, 0.0


class DualLayerClassifier(ClassifierMixin, BaseEstimator):
    """Binary classifier with one hidden layer, trained by full-batch gradient descent.

    Parameters
    ----------
    init : {"normal", "glorot", "he", "constant"} or function, default "normal"
        The start of the weights: "normal" as in `RandomInitNetwork`, the chapter's; "glorot" as in
        `GlorotInitNetwork`, for any number of features; "he" as in `he_start`; "constant" as in
        `DualLayer`. A function ``(n_features, units, rng)`` returns w1 (n_features, units), b1
        (units,), w2 (units, 1) and the number b2; ``rng`` is a `numpy.random.RandomState` of the
        seed.
    units : int, default 10
        Hidden units, 1 or more.
    learning_rate : float, default 0.1
        Above 0.
    l1, l2 : float, default 0
        Strengths of the penalty ``l1 * sum|w| + l2 / 2 * sum(w**2)``, 0 or more; biases are not
        penalized.
    epochs : int, default 500
        0 or more; 0 leaves the network at its start.
    constant : float, default 1.0
        The value of every weight, only used by ``init="constant"``; 1.0 is the chapter's.
    std : float, default 1.0
        Standard deviation of the weights, 0 or more, only used by ``init="normal"``.
    random_state : int, RandomState instance or None, default 42
        An int is the seed of the start and of the validation split. Otherwise every `fit` draws a
        seed, from the instance or from NumPy's global generator; a warm start keeps it.
    tol : float, default 1e-4
        0 or more. `fit` raises a `ConvergenceWarning` unless each of the last ten epochs changed
        the training loss by ``tol`` or less; 0 never warns. Unlike in `MLPClassifier`, training
        never stops early: the loss may stay level for many epochs before it falls.
    warm_start : bool, default False
        Whether `fit` continues from the fitted weights for ``epochs`` more epochs, with the current
        learning rate and penalties. Features, labels and ``units`` must be the same.
    verbose : bool, default False
        Print the training loss of every epoch.
    validation_fraction : float or None, default None
        Share of the samples, above 0 and below 1, on which the loss is measured and which are not
        trained on; both parts have the same shares of the classes. None trains on all samples.

    Attributes
    ----------
    classes_ : array (2,)
        The two labels, sorted; the network's output is the probability of the second.
    network_ : DualLayer
        The trained network, of the class that ``init`` names; for "he" and a function a `DualLayer`
        whose ``constant`` is None.
    loss_curve_ : list of float
        Training loss of each epoch, see `SingleLayer.fit`. A warm start continues it.
    validation_loss_curve_ : list of float or None
        Validation loss of each epoch trained with a ``validation_fraction``; None if the last fit
        had none.
    n_iter_ : int
        Epochs trained by the last `fit`. After a warm start ``loss_curve_`` is longer.
    n_features_in_ : int
    feature_names_in_ : array (n_features_in_,)
        Only when ``X`` has names for all its columns, all of them strings.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> x, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), DualLayerClassifier(init="glorot", l2=0.01))
    >>> cross_val_score(model, x, y).round(3)
    array([0.974, 0.974, 0.991, 0.974, 0.991])
    """

    _parameter_constraints = {
        "init": [StrOptions({"normal", "glorot", "he", "constant"}), callable],
        "units": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 0, None, closed="left")],
        "constant": [Interval(Real, None, None, closed="neither")],
        "std": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
    }

    def __init__(
        self,
        init="normal",
        units=10,
        learning_rate=0.1,
        l1=0.0,
        l2=0.0,
        epochs=500,
        constant=1.0,
        std=1.0,
        random_state=42,
        tol=1e-4,
        warm_start=False,
        verbose=False,
        validation_fraction=None,
    ):
        self.init = init
        self.units = units
        self.learning_rate = learning_rate
        self.l1 = l1
        self.l2 = l2
        self.epochs = epochs
        self.constant = constant
        self.std = std
        self.random_state = random_state
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.validation_fraction = validation_fraction

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Train on ``X`` (m, n_features) and two different labels ``y`` (m,); return self.

        An interrupt (`KeyboardInterrupt`) ends the training with a warning and keeps the epochs
        trained. Raises ValueError for a parameter outside its range, for data that cannot be
        trained on, for fewer or more than two labels, and when the training diverges. A fit that
        raises leaves the model as it was.
        """
        if isinstance(self.random_state, bool):  # whole numbers to scikit-learn
            raise ValueError(
                "The 'random_state' parameter of DualLayerClassifier must be an int, an instance of"
                f" RandomState or None. Got {self.random_state} instead."
            )
        fitted = copy.copy(self)
        trained = fitted._fit(X, y)
        # All attributes in one step: after any interrupt, the model is the old or the new one.
        self.__dict__ = vars(fitted)
        if trained < self.epochs:
            warnings.warn(
                f"Training interrupted by user after {trained} of {self.epochs} epochs.",
                stacklevel=3,
            )
        elif self.epochs and self.tol:
            self._warn_unless_converged()
        return self

    def _fit(self, X, y):
        """Set the attributes of a trained model; return how many epochs were trained."""
        goes_on = self.warm_start and hasattr(self, "network_")
        samples, labels = X, y
        X, y = validate_data(self, X, y, dtype=np.float64, reset=not goes_on)
        _check_kind(samples, "X")
        _check_kind(labels, "y")
        check_classification_targets(y)
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is"
                f" {type_of_target(y)}: y holds {len(classes)} classes."
            )
        if len(classes) < 2:
            raise ValueError(f"y holds one class, {spelled(classes[0])}; expected two.")

        network = self._fitted_network(classes) if goes_on else self._new_network(X.shape[1])
        before, val_before = network.losses, network.val_losses
        trainer = Trainer([network], *self._split(X, targets), snapshots=0, fresh=False)
        with suppress(KeyboardInterrupt):
            self._train(trainer, len(before))
        network = trainer.network(0)
        network.losses = before + network.losses
        network.val_losses = val_before + network.val_losses
        finite = np.isfinite(network.losses)
        if not finite.all():
            raise ValueError(
                f"Training diverged: the loss is not finite from epoch {finite.argmin() + 1} on."
                f" Standardize X, or lower learning_rate (now {self.learning_rate}),"
                f" l1 (now {self.l1}) or l2 (now {self.l2})."
            )
        self.classes_ = classes
        self.network_ = network
        self.loss_curve_ = network.losses
        self.validation_loss_curve_ = network.val_losses if self.validation_fraction else None
        self.n_iter_ = trainer.epochs
        return trainer.epochs

    def _split(self, X, targets):
        """Return the samples and targets to train on and, with a fraction, those to validate on."""
        if self.validation_fraction is None:
            return X, targets
        x, x_val, y, y_val = train_test_split(
            X,
            targets,
            stratify=targets,
            test_size=self.validation_fraction,
            random_state=self._seed,
        )
        return x, y, x_val, y_val

    def _train(self, trainer, trained):
        """Train all epochs; ``trained`` epochs of earlier fits count in what is printed."""
        printed = 0
        for done in trainer.advance(self.epochs):
            for epoch in range(printed, done if self.verbose else 0):
                print(f"Iteration {trained + epoch + 1}, loss = {trainer.losses[0, epoch]:.8f}")
            printed = done

    def _warn_unless_converged(self):
        recent = self.loss_curve_[-RECENT_EPOCHS - 1 :]
        if len(recent) <= RECENT_EPOCHS or np.abs(np.diff(recent)).max() > self.tol:
            warnings.warn(
                f"Not converged after {len(self.loss_curve_)} epochs: expected that each of the last"
                f" {RECENT_EPOCHS} changes the training loss by tol={self.tol:g} at most. Increase"
                " epochs or learning_rate, or pass tol=0 for no warning.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _fitted_network(self, classes):
        """Return a copy of the fitted network with the current learning rate and penalties."""
        network = copy.copy(self.network_)
        if set(classes) != set(self.classes_):
            raise ValueError(
                f"y holds the labels {classes.tolist()}; warm_start expects those of the fit before,"
                f" {self.classes_.tolist()}. Pass warm_start=False to train new weights."
            )
        if self.units != network.units:
            raise ValueError(
                f"units is {self.units}; warm_start expects that of the fit before, {network.units}."
                " Pass warm_start=False to train new weights."
            )
        network.lr, network.l1, network.l2 = self.learning_rate, self.l1, self.l2
        return network

    def _new_network(self, n_features):
        """Return an untrained network with the weights that ``init`` selects."""
        shape = self.units, self.learning_rate, self.l1, self.l2
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = int(check_random_state(seed).randint(2**32, dtype=np.uint32))
        self._seed = seed
        match self.init:
            case "normal":
                network = RandomInitNetwork(*shape, seed=seed, std=self.std)
            case "glorot":
                network = GlorotInitNetwork(*shape, seed=seed)
            case _:
                network = DualLayer(*shape, constant=self.constant)
        network.init_weights(n_features)
        start = he_start if self.init == "he" else self.init
        if callable(start):
            network.constant = None
            parts = start(n_features, self.units, np.random.RandomState(seed))
            shapes = [np.shape(part) for part in (network.w1, network.b1, network.w2, network.b2)]
            network.w1, network.b1, network.w2, network.b2 = _checked_parts(parts, shapes)
        return network

    def decision_function(self, X):
        """Return z (m,) for ``X`` (m, n_features): above 0 where ``classes_[1]`` is more likely."""
        check_is_fitted(self, "network_")
        samples = X
        X = validate_data(self, X, reset=False, dtype=np.float64)
        _check_kind(samples, "X")
        # A forward pass stores its activations in the network, so use a copy.
        network = copy.copy(self.network_)
        batches = gen_batches(len(X), max(1, PREDICTED_NUMBERS // network.units))
        return np.concatenate([network.forpass(X[batch])[:, 0] for batch in batches])

    def predict_proba(self, X):
        """Return the probabilities (m, 2) of ``classes_`` for ``X`` (m, n_features)."""
        z = self.decision_function(X)
        return self.network_.activation(np.column_stack([-z, z]))

    def predict(self, X):
        """Return the more likely label (m,) for ``X`` (m, n_features)."""
        predicted = (self.decision_function(X) > 0).astype(int)
        return self.classes_[predicted]


def _checked_parts(given, expected):
    """Return the result of ``init`` as arrays. Raises ValueError for other shapes or values."""
    try:
        parts = [np.array(part, dtype=np.float64) for part in given]
    except (TypeError, ValueError):
        parts = []
    shapes = [part.shape for part in parts]
    if shapes == expected and all(np.isfinite(part).all() for part in parts):
        return parts
    got = "NaN or infinite values" if shapes == expected else f"the shapes {shapes}"
    raise ValueError(
        f"init returned {got if parts else spelled(given)}; expected w1, b1, w2 and b2, finite numbers"
        f" of the shapes {expected}."
    )


def _check_kind(values, name):
    """Raise ValueError for values, such as dates, that scikit-learn would convert to numbers."""
    try:
        check_kind(values)
    except TypeError as error:
        raise ValueError(f"{name} cannot be trained on: {error}.") from error
