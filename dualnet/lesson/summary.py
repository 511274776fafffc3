"""What each step has found, in a sentence, and the summary at the end of the lesson."""

from dataclasses import replace

import numpy as np

from dualnet.lesson.steps import STEPS
from dualnet.lesson.verdicts import LARGE, median_losses, other_seeds
from dualnet.measures import epochs_to
from dualnet.questions.gradient import distinct_columns, rows_of, units_shown
from dualnet.text import LANGUAGES, translator
from dualnet.training.fixes import TRAINING


def finding_of(step, view, experiments):
    """Return the option that the numbers of a step confirm, or None, and what they say: Markdown,
    by language."""
    confirmed = step.verdict(view, *experiments)
    found = FINDINGS[step.name](view, confirmed, *experiments)
    sentences = {}
    for language in LANGUAGES:
        translated = replace(view, language=language)
        if found is None:
            sentences[language] = translated.t("lesson.undecided")
        else:
            part, values = found
            answer = confirmed and step.text(confirmed, translated)
            sentences[language] = step.text(part, translated, answer=answer, **values)
    return confirmed, sentences


def summary(findings, chosen, language):
    """Return the findings as a numbered list in Markdown and, where options were chosen, how many
    of them were right.

    findings : results of `finding_of`, by the name of the step; steps without one are left out
    chosen : the option chosen, or None, by the name of its step
    """
    lines = [
        f"{step.number}. {findings[step.name][1][language]}"
        for step in STEPS
        if step.name in findings
    ]
    right = [
        confirmed == chosen[name]
        for name, (confirmed, _) in findings.items()
        if confirmed and chosen.get(name)
    ]
    if right:
        score = translator(language)("lesson.score", right=sum(right), count=len(right))
        lines += ["", score]
    return "\n".join(lines)


# Each function takes a `View`, the option confirmed and the experiments of the step's question. It
# returns which text of the step says it, "finding" or "finding_none", and its numbers; None where
# no text holds.


def validation_finding(view, confirmed):
    return "finding", view.accuracies("validation")


def luck_finding(view, confirmed, seeds):
    ends = other_seeds(view, seeds)
    below = int((ends < view.runs["ones"].val_losses[view.epochs - 1]).sum())
    return "finding", {"below": below, "count": len(ends)}


def reach_finding(view, confirmed):
    if confirmed is None:
        return None
    target = view.runs["normal"].val_losses[view.epoch - 1]
    reached = epochs_to(view.runs["ones"].val_losses[: view.epochs], target)
    return "finding_none" if reached is None else "finding", {"reached": reached}


def units_finding(view, confirmed):
    return "finding", view.counts


def gradient_finding(view, confirmed):
    if view.settings.units == 1:
        return None
    counts = {key: distinct_columns(rows, "gradient") for key, rows in rows_of(view).items()}
    return "finding", {"shown": units_shown(view), **counts}


def boundary_finding(view, confirmed):
    part = "finding" if confirmed == "line" else "finding_none"
    return part, view.accuracies("training")


def size_finding(view, confirmed, sizes):
    equal, different = median_losses(view, sizes)
    large = different[sizes.SIZES.index(LARGE)]
    losses = {"equal": equal.min(), "different": different.min(), "large": large}
    return ("finding", losses) if np.isfinite([*losses.values()]).all() else None


def fixes_finding(view, confirmed, fixes):
    return "finding" if confirmed else "finding_none", {"changes": len(TRAINING) - 1}


def nudge_finding(view, confirmed, nudges):
    separated = nudges.separated(nudges.reach(view.settings, view.epochs))[1:]
    count = sum(epoch is not None for epoch in separated)
    return "finding", {"count": count, "nudges": len(separated)}


FINDINGS = {
    "loss": validation_finding,
    "luck": luck_finding,
    "reach": reach_finding,
    "units": units_finding,
    "gradient": gradient_finding,
    "boundary": boundary_finding,
    "size": size_finding,
    "digits": validation_finding,
    "fixes": fixes_finding,
    "nudge": nudge_finding,
    "code": lambda view, confirmed: ("finding", {}),
}
