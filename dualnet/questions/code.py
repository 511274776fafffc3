"""How does the code differ? Both starts, why equal units stay equal, and a better start."""

import ast
import inspect
import textwrap

from dualnet.networks import DualLayer, RandomInitNetwork
from dualnet.plotting.elements import Code, Formulas
from dualnet.questions.base import Answer, Question

WIDTH = 44  # characters of a line in a column of a page of 1280 pixels

# Hidden units i and j have equal weights w, biases b and output weights v; a bar is the mean over
# the samples, e the error of the output.
EQUAL_STAYS_EQUAL = Formulas(
    latex=r"""
\begin{aligned}
&w_i = w_j,\quad b_i = b_j,\quad v_i = v_j \\
&\Rightarrow\; a_i = \sigma(x w_i + b_i) = a_j \\
&\Rightarrow\; \tfrac{\partial L}{\partial v_i} = \overline{e\,a_i} = \tfrac{\partial L}{\partial v_j} \\
&\Rightarrow\; \tfrac{\partial L}{\partial w_i} = \overline{e\,v_i\,a_i(1-a_i)\,x} = \tfrac{\partial L}{\partial w_j} \\
&\Rightarrow\; w_i - \eta\,\tfrac{\partial L}{\partial w_i} = w_j - \eta\,\tfrac{\partial L}{\partial w_j}
\end{aligned}
""",
    plain="""\
wᵢ = wⱼ,    bᵢ = bⱼ,    vᵢ = vⱼ
⇒  aᵢ = σ(x wᵢ + bᵢ) = aⱼ
⇒  ∂L/∂vᵢ = ⟨e aᵢ⟩ = ∂L/∂vⱼ
⇒  ∂L/∂wᵢ = ⟨e vᵢ aᵢ(1 − aᵢ) x⟩ = ∂L/∂wⱼ
⇒  wᵢ − η ∂L/∂wᵢ = wⱼ − η ∂L/∂wⱼ""",
)

INSTEAD = """\
s1 = np.sqrt(2 / (n_features + units))
s2 = np.sqrt(2 / (units + 1))
w1 = rng.normal(0, s1, (n_features, units))
w2 = rng.normal(0, s2, (units, 1))
"""


def answer(view):
    starts = [Code(narrow(source_of(kind.init_weights))) for kind in (DualLayer, RandomInitNetwork)]
    instead = f"# {view.t('code.instead')}\n{INSTEAD}"
    return Answer(
        view.t("code.answer"),
        dict.fromkeys(view.names, ""),
        left=(starts[0], EQUAL_STAYS_EQUAL),
        right=(starts[1], Code(instead)),
        note=view.t("code.note"),
        details=(Code(source_of(DualLayer.training)),),
        names=view.names,
    )


def source_of(function):
    """Return the source of a function without decorators and docstring."""
    source = textwrap.dedent(inspect.getsource(function))
    [definition] = ast.parse(source).body
    lines = source.splitlines(keepends=True)
    if ast.get_docstring(definition) is not None:
        first = definition.body[0]
        del lines[first.lineno - 1 : first.end_lineno]
    return "".join(lines[definition.lineno - 1 :])


def narrow(source, width=WIDTH):
    """Return ``source`` with its long lines broken at spaces, within brackets."""
    lines = []
    for line in source.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(line, width, subsequent_indent=indent + 8 * " ") or [line]
    return "\n".join(lines) + "\n"


QUESTION = Question("code", answer)
