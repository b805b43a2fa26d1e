"""Cost: totals over resumes, unknown energy stays unknown, what is measured is measured."""

import json

import pytest

from synthempathy.llm.backends import Completion
from synthempathy.llm.cost import Cost, record_cost
from synthempathy.llm.energy import Meter
from synthempathy.llm.forecast import duration, forecast
from synthempathy.llm.store import Pace


def cost(*answers):
    total = Cost()
    for tokens, seconds, kwh in answers:
        total.add(Completion("r", "t", "stop", 10, tokens), seconds, kwh)
    return total


def test_an_answer_without_a_measurement_makes_the_sum_unknown():
    assert cost((100, 2.0, 0.25), (50, 1.0, 0.5)).figures(1.0, "rapl")["kwh"] == 0.75
    assert cost((100, 2.0, 0.25), (50, 1.0, None)).figures(1.0, "rapl")["kwh"] is None


def test_the_file_holds_each_step_and_the_whole(tmp_path):
    path = tmp_path / "cost.json"
    record_cost("explain", cost((100, 2.0, None)).figures(5.0, None), path)
    record_cost("respond", cost((300, 2.0, 0.5)).figures(9.0, "rapl"), path)
    told = json.loads(path.read_text())
    assert told["whole"] == {
        "seconds": 4.0, "prompt_tokens": 20, "completion_tokens": 400, "kwh": None, "retries": 0, "cache_hits": 0,
        "tokens_per_second": 100.0,
    }
    assert told["respond"]["kwh"] == 0.5
    record_cost("explain", cost((100, 2.0, 0.25)).figures(5.0, "rapl"), path)
    assert json.loads(path.read_text())["whole"]["kwh"] == 0.75


def test_no_metrics_folder_no_file(tmp_path):
    record_cost("explain", cost().figures(1.0, None), tmp_path / "none" / "cost.json")
    assert list(tmp_path.iterdir()) == []


def package(folder, name, microjoules, full=1_000_000_000):
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "energy_uj").write_text(f"{microjoules}\n")
    (place / "max_energy_range_uj").write_text(f"{full}\n")


def test_rapl_is_read_as_a_difference_over_all_packages_and_past_a_full_counter(tmp_path):
    package(tmp_path, "intel-rapl:0", 900_000_000)
    package(tmp_path, "intel-rapl:1", 5)
    package(tmp_path, "intel-rapl:0:0", 7)  # a part of package 0
    meter = Meter(gpu=False, rapl=tmp_path)
    assert meter.source == "rapl"
    package(tmp_path, "intel-rapl:0", 100_000_000)  # it was full, and began again: 200 J
    package(tmp_path, "intel-rapl:1", 160_000_005)  # 160 J
    package(tmp_path, "intel-rapl:0:0", 999)
    assert meter.kwh() == pytest.approx(360 / 3_600_000)


def test_where_nothing_can_be_read_nothing_is_said(tmp_path):
    meter = Meter(gpu=False, rapl=tmp_path)
    assert (meter.source, meter.kwh()) == (None, None)


def test_the_forecast_names_rows_store_tokens_and_time():
    said = forecast("respond", 1000, [(400, Pace(200.0, 100.0, 50.0)), (100, Pace(200.0, 150.0, 100.0))], 300)
    assert said == (
        "respond: 1,000 rows, 500 of them answered by the store; 500 to write: about 55,000 tokens from 100,000 of "
        "prompts, about 16 min (at most 150,000 tokens a try)"
    )
    assert "at most 150,000 tokens a try; how long shows" in forecast("respond", 1000, [(500, None)], 300)
    assert forecast("respond", 3, [], 300) == "respond: 3 rows, 3 of them answered by the store"


@pytest.mark.parametrize(
    ("seconds", "said"), [(20, "20 s"), (600, "10 min"), (7500, "2 h 05 min"), (270_000, "3 d 3 h")]
)
def test_durations_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said
