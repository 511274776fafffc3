"""How does the code differ? Both starts, why equal stays equal, and what to write instead."""

import ast
import inspect
import textwrap

from dualnet.answers import Answer, Code, Formulas
from dualnet.networks import DualLayer, RandomInitNetwork

LOOKS_AT_EPOCH = False
PLAYS = ()  # nothing moves

# Of two hidden units i and j with equal weights and biases.
EQUAL_STAYS_EQUAL = r"""
\begin{aligned}
w_i = w_j,\ b_i = b_j &\;\Rightarrow\; a_i = \sigma(x w_i + b_i) = a_j \\
v_i = v_j,\ a_i = a_j &\;\Rightarrow\; \tfrac{\partial L}{\partial v_i} = \overline{e\,a_i} = \tfrac{\partial L}{\partial v_j} \\
&\;\Rightarrow\; \tfrac{\partial L}{\partial w_i} = \overline{e\,v_i\,a_i(1-a_i)\,x} = \tfrac{\partial L}{\partial w_j} \\
w' = w - \eta\,\tfrac{\partial L}{\partial w} &\;\Rightarrow\; w'_i = w'_j
\end{aligned}
"""

INSTEAD = """\
s1, s2 = np.sqrt(2 / (n_features + units)), np.sqrt(2 / (units + 1))
w1, w2 = rng.normal(0, s1, (n_features, units)), rng.normal(0, s2, (units, 1))
"""


def needs(view):
    return ()


def answer(view):
    return Answer(
        view.say("code.answer"),
        dict.fromkeys(view.names, ""),
        left=(Code(source_of(DualLayer.init_weights)), Formulas(EQUAL_STAYS_EQUAL)),
        right=(Code(source_of(RandomInitNetwork.init_weights)), Code(INSTEAD)),
        note=view.say("code.write"),
        details=(Code(source_of(DualLayer.training)),),
        names=view.names,
    )


def source_of(function):
    """Return the source of a function as it stands, but for its docstring."""
    source = textwrap.dedent(inspect.getsource(function))
    [definition] = ast.parse(source).body
    if ast.get_docstring(definition) is None:
        return source
    first = definition.body[0]
    lines = source.splitlines(keepends=True)
    return "".join(lines[: first.lineno - 1] + lines[first.end_lineno :])
