"""The chapter's networks as a scikit-learn estimator."""

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from dualnet.engine import Trainer
from dualnet.networks import DualLayer, RandomInitNetwork


class DualLayerClassifier(ClassifierMixin, BaseEstimator):
    """Binary classification by a network with one hidden layer, trained by full-batch gradient descent.

    Parameters
    ----------
    init : {"normal", "constant", "ones"}, default "normal"
        What the weights start from: `RandomInitNetwork`'s normal distribution, `DualLayer`'s one
        value, or that value fixed at 1.
    units : int, default 10
        Hidden units, 1 or more.
    learning_rate : float, default 0.1
        Above 0.
    l1, l2 : float, default 0
        Strengths of the penalty ``l1 * sum|w| + l2 / 2 * sum(w**2)``, 0 or more; biases carry none.
    epochs : int, default 500
        0 or more; 0 leaves the network at its start.
    constant : float, default 1.0
        The value of every weight, used by ``init="constant"`` alone.
    std : float, default 1.0
        Standard deviation of the weights, 0 or more, used by ``init="normal"`` alone.
    random_state : int, RandomState instance or None, default 42
        An int is the seed of `RandomInitNetwork`. Otherwise every `fit` draws a seed, from the
        instance or from NumPy's global generator. Used by ``init="normal"`` alone.

    Attributes
    ----------
    classes_ : array (2,)
        The two labels, sorted; the network's output is the probability of the second.
    network_ : DualLayer or RandomInitNetwork
        The trained network.
    loss_curve_ : list of float
        Training loss, one number an epoch; see `SingleLayer.fit` for what it holds.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
    feature_names_in_ : array (n_features_in_,)
        Only when ``X`` has names for all its columns, all of them strings.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> model = make_pipeline(StandardScaler(), DualLayerClassifier(l2=0.01))
    """

    _parameter_constraints = {
        "init": [StrOptions({"normal", "constant", "ones"})],
        "units": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 0, None, closed="left")],
        "constant": [Interval(Real, None, None, closed="neither")],
        "std": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Train on ``X`` (m, n_features) and ``y`` (m,), two different labels of any kind; return self.

        Raises ValueError for a parameter outside its range, for data that cannot be trained on, for
        fewer or more than two labels, and when the training diverges.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, targets = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is"
                f" {type_of_target(y)}: y holds {len(self.classes_)} classes."
            )
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class, {self.classes_[0]!r}; expected two.")

        trainer = Trainer([self._new_network()], X, targets, snapshots=0)
        for _ in trainer.advance(self.epochs):
            pass
        [losses] = trainer.losses
        if not np.isfinite(losses).all():
            raise ValueError(
                f"Training diverged: the loss is not finite from epoch {np.isfinite(losses).argmin() + 1}"
                f" on. Standardise X, or lower learning_rate (now {self.learning_rate}),"
                f" l1 (now {self.l1}) or l2 (now {self.l2})."
            )
        self.network_ = trainer.network(0)
        self.loss_curve_ = self.network_.losses
        self.n_iter_ = trainer.epochs
        return self

    def _new_network(self):
        shape = self.units, self.learning_rate, self.l1, self.l2
        if self.init == "ones":
            return DualLayer(*shape)
        if self.init == "constant":
            return DualLayer(*shape, constant=self.constant)
        seed = self.random_state
        if not isinstance(seed, Integral):
            seed = int(check_random_state(seed).randint(2**32, dtype=np.uint32))
        return RandomInitNetwork(*shape, seed=seed, std=self.std)

    def decision_function(self, X):
        """Return z (m,) for ``X`` (m, n_features): above 0 where ``classes_[1]`` is the likelier."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        # A forward pass keeps its activations: a copy keeps the fitted network as it is.
        return copy.copy(self.network_).forpass(X)[:, 0]

    def predict_proba(self, X):
        """Return the probabilities (m, 2) of ``classes_`` for ``X`` (m, n_features)."""
        z = self.decision_function(X)
        return self.network_.activation(np.column_stack([-z, z]))

    def predict(self, X):
        """Return the likelier label (m,) for ``X`` (m, n_features)."""
        likelier = (self.decision_function(X) > 0).astype(int)
        return self.classes_[likelier]
