# SPDX-License-Identifier: Apache-2.0
"""An independent calculation of survey KPIs over single answers, in fractions."""

import math
from fractions import Fraction

from reading_case import AS_OF, MICROS, Z, harness, pb, period, wilson


class Person:
    """One response: weight in micros, answers (item, brand) -> chosen options."""

    def __init__(self, id_, wave, weight, answers, study="tracker", **dims):
        self.id, self.wave, self.weight, self.answers = id_, wave, weight, answers
        self.study, self.dims = study, dims

    def item(self, as_of=AS_OF):
        return pb.SurveyResponse(
            response_id=self.id, study=self.study, weight_micros=self.weight, as_of_us=as_of,
            answers=[pb.Answer(item=item, brand=brand, options=options)
                     for (item, brand), options in self.answers.items()],
            dims=harness.dims(**self.dims), **period(*self.wave))

    @property
    def square(self):
        """Of the weight, in micros, half to even (as Fraction rounds)."""
        return round(Fraction(self.weight * self.weight, MICROS))


class Sums:
    """n, sum of weights and of squared weights, in micros."""

    def __init__(self, people):
        self.n = len(people)
        self.weight = sum(person.weight for person in people)
        self.square = sum(person.square for person in people)


class Wave:
    """What one wave says: everybody asked, and weights of those who count, +1 or -1
    for an NPS, the rating for a mean."""

    def __init__(self, base, score):
        self.base = Sums(base)
        self.total = sum(score(person) * person.weight for person in base)
        self.absolute = sum(abs(score(person)) * person.weight for person in base)
        self.squares = sum(score(person) ** 2 * person.weight for person in base)


def pooled(waves):
    """Fractions n, S1, S2, Y ... of several waves, each scaled to mean weight 1; of
    one wave as they are. In units, not micros."""
    waves = [wave for wave in waves if wave.base.n]
    n = sum(wave.base.n for wave in waves)
    scales = [Fraction(wave.base.n * MICROS, wave.base.weight) if len(waves) > 1 else Fraction(1)
              for wave in waves]

    def add(value, power=1):
        return sum(Fraction(value(wave)) / MICROS * scale ** power
                   for wave, scale in zip(waves, scales))
    return {"n": n, "s1": add(lambda w: w.base.weight), "s2": add(lambda w: w.base.square, 2),
            "total": add(lambda w: w.total), "absolute": add(lambda w: w.absolute),
            "squares": add(lambda w: w.squares), "rounded": any(s != 1 for s in scales)}


def columns_of(sums, numerator):
    """n, n_eff, numerator and denominator; pooled ones are rounded at the 6th place."""
    def side(value):
        return Fraction(round(value * MICROS), MICROS)
    return {"n": sums["n"], "n_eff": float(sums["s1"] ** 2 / sums["s2"]),
            "numerator": side(numerator), "denominator": side(sums["s1"]), "ci_level": 0.95}


def share(waves):
    """Columns of a share's row."""
    sums = pooled(waves)
    p = sums["total"] / sums["s1"]
    columns = columns_of(sums, sums["total"])
    low, high = wilson(float(p), columns["n_eff"])
    return {"value": p, "ci_low": low, "ci_high": high, "ci_method": "wilson_kish", **columns}


def nps(waves):
    sums = pooled(waves)
    score = sums["total"] / sums["s1"]
    variance = sums["absolute"] / sums["s1"] - score ** 2
    columns = columns_of(sums, sums["total"])
    half = Z * math.sqrt(variance / columns["n_eff"])
    return {"value": 100 * score, "ci_low": 100 * (float(score) - half),
            "ci_high": 100 * (float(score) + half), "ci_method": "normal_kish", **columns}


def mean(waves):
    sums = pooled(waves)
    middle = sums["total"] / sums["s1"]
    spread = sums["squares"] / sums["s1"] - middle ** 2
    columns = columns_of(sums, sums["total"])
    variance = float(spread) * columns["n_eff"] / (columns["n_eff"] - 1)
    half = Z * math.sqrt(variance / columns["n_eff"])
    return {"value": middle, "ci_low": float(middle) - half, "ci_high": float(middle) + half,
            "ci_method": "normal_kish", **columns}
