"""Reading metrics: what is wrong with a file is one line that names file, figure and value."""

import pytest

from synthempathy.core.errors import InputError
from synthempathy.core.metrics import Metrics, read_metrics


class Inner(Metrics):
    share: float


class Outer(Metrics):
    rows: int
    inner: Inner


def test_figures_are_read_and_others_ignored(tmp_path):
    (tmp_path / "m.json").write_text('{"rows": 3, "inner": {"share": 1, "more": 2}, "note": "x"}')
    assert read_metrics(tmp_path / "m.json", Outer) == Outer(rows=3, inner=Inner(share=1.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "m.json:1: not JSON"),
        ("[]", "m.json: not a JSON object"),
        ('{"rows": 3, "inner": {}}', "m.json: field 'inner.share': missing; run the stage"),
        ('{"rows": "3", "inner": {"share": 1}}', r"m.json: field 'rows': input should be a valid integer \(got '3'\)"),
        ('{"rows": 3, "inner": {"share": NaN}}', "field 'inner.share': input should be a finite number"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, said):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        read_metrics(tmp_path / "m.json", Outer)
    assert "\n" not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"m.json: no such file"):
        read_metrics(tmp_path / "m.json", Outer)
