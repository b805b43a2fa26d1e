"""The gain in words, also where a figure is not defined."""

from synthempathy.project.summary import gain, gain_at_equal_length

NONE = {"gain_percent": None, "gain_ci_low": None, "gain_ci_high": None, "note": "the base mean is 0"}


def test_a_gain_with_its_interval():
    assert gain({"gain_percent": 21.4, "gain_ci_low": 12.6, "gain_ci_high": 30}) == "+21% (95% interval 13 to 30)"


def test_a_figure_that_is_not_defined_is_said_and_no_defect():
    assert gain(NONE) == "not defined (the base mean is 0)"
    assert gain(NONE | {"gain_percent": 21, "note": "one seed"}) == "+21% (one seed)"
    assert gain(NONE | {"gain_percent": 21, "gain_ci_low": 3}) == "+21% (95% interval 3 to no bound)"
    same = {"gain_percent": None, "ci_low": None, "ci_high": None, "note": "lengths do not overlap"}
    assert gain_at_equal_length({"gain_equal_length": same}) == "not defined (lengths do not overlap)"
