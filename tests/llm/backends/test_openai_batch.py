"""The batch backend against a real server: each row once and paid once, whatever becomes of batches, files and answers."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import InputError, ModelError
from synthempathy.llm import reachable
from synthempathy.llm.backends import Completion, Failure, Request, open_backend
from synthempathy.llm.backends.openai import OpenaiBackend
from synthempathy.llm.backends.openai_batch import OpenaiBatchBackend
from synthempathy.llm.backends.openai_batch_http import _batch
from synthempathy.llm.backends.openai_batch_lines import read_results
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling, Server
from synthempathy.llm.store_key import KeyMaker
from synthempathy.project.params import load_params
from tests.helpers.batch_server import BatchServer
from tests.helpers.flaky_server import FlakyServer, always

ROOT = Path(__file__).parents[3]
MACHINE = load_params(ROOT / "params.yaml").machine
SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=24, seed=1)
KEY = "sk-live-Zq81vX0tTn55"
BATCHES = "POST /batches"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


class Clock:
    """Time goes by only as somebody sleeps."""

    def __init__(self) -> None:
        self.time, self.naps = 1.8e9, list[float]()

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.naps.append(seconds)


def machine_of(folder: Path, **changed: Any) -> Machine:
    batching = MACHINE.openai_batch.model_copy(update={"poll_seconds": 7.0} | changed)
    speed = MACHINE.openai.model_copy(update={"max_retries": 2, "timeout_seconds": 60.0, "max_answer_mb": 2.0})
    return MACHINE.model_copy(update={"store": str(folder / "s.sqlite"), "openai_batch": batching, "openai": speed})


def engine_of(url: str, **changed: Any) -> Engine:
    return Engine(backend="openai_batch", openai=Server(base_url=url, **changed))


def backend(url: str, folder: Path, clock: Clock | None = None, **changed: Any) -> OpenaiBatchBackend:
    clock = clock or Clock()
    return OpenaiBatchBackend(Model("org/model"), engine_of(url), machine_of(folder, **changed), sleep=clock.sleep, now=clock)


def requests(count: int, first: int = 0) -> list[Request]:
    return [Request(f"id-{i}", [{"role": "user", "content": f"row {i}"}], 100 + i) for i in range(first, first + count)]


def outcomes(asking: OpenaiBatchBackend, asked: list[Request]) -> dict[str, Completion | Failure]:
    found: dict[str, Completion | Failure] = {}
    for one in asking.complete(asked, SAMPLING):
        assert one.id not in found, f"{one.id} came twice"
        found[one.id] = one
    return found


def good(i: int) -> Completion:
    return Completion(f"id-{i}", f"row {i}, drawn with {100 + i}", "stop", 11, 5)


def records(folder: Path) -> list[Path]:
    return sorted(folder.glob("s.sqlite.batches/*.json"))


# What is sent, what comes back


def test_rows_go_up_as_the_bodies_of_the_openai_backend_and_come_back_in_any_order(tmp_path: Path) -> None:
    asked = [*requests(30), Request("twin", [{"role": "user", "content": "row 3"}], 103)]
    with BatchServer() as server:
        asking = backend(server.url, tmp_path)
        found = outcomes(asking, asked)
        assert asking.version == "openai_batch batch-1.0"
    assert found == {f"id-{i}": good(i) for i in range(30)} | {"twin": Completion("twin", "row 3, drawn with 103", "stop", 11, 5)}
    assert server.requests[BATCHES] == 1 and set(server.paid.values()) == {1}
    assert records(tmp_path) == []
    with FlakyServer(always("ok")) as live:
        one = Engine(backend="openai", openai=Server(base_url=live.url))
        list(OpenaiBackend(Model("org/model"), one, machine_of(tmp_path)).complete(requests(1), SAMPLING))
    assert {line["method"] for line in server.lines} == {"POST"}
    assert {line["url"] for line in server.lines} == {"/v1/chat/completions"}
    assert next(line["body"] for line in server.lines if line["body"]["seed"] == 100) == live.bodies[0]


def test_two_tries_of_a_row_are_two_requests_where_no_seed_is_sent(tmp_path: Path) -> None:
    asked = [Request(str(seed), [{"role": "user", "content": "row"}], seed) for seed in (1, 2)]
    with BatchServer() as server:
        engine, clock = engine_of(server.url, leave_out=["seed"]), Clock()
        asking = OpenaiBatchBackend(Model("m"), engine, machine_of(tmp_path), sleep=clock.sleep, now=clock)
        assert set(outcomes(asking, asked)) == {"1", "2"}
    assert len({line["custom_id"] for line in server.lines}) == 2


def test_files_keep_to_both_limits_and_no_more_batches_are_under_way_than_allowed(tmp_path: Path) -> None:
    with BatchServer() as server:
        assert len(outcomes(backend(server.url, tmp_path, max_requests=4, max_batches=2), requests(10))) == 10
        sizes = [len(content.splitlines()) for content in server.files.values() if b'"method"' in content]
        assert sizes == [4, 4, 2]
        length = max(len(line) for content in server.files.values() for line in content.splitlines() if b'"method"' in line)
        found = outcomes(backend(server.url, tmp_path, max_megabytes=3 * (length + 3) / 1e6), requests(7, 20))
        assert len(found) == 7
    assert server.requests[BATCHES] == 3 + 3
    with pytest.raises(ModelError, match=r"row id-0: its request is \d+ bytes long.*max_megabytes"), BatchServer() as server:
        outcomes(backend(server.url, tmp_path, max_megabytes=0.00001), requests(1))


@pytest.mark.parametrize(("what", "reason", "said"), [
    ("filter", "refused_by_server", "finish_reason 'content_filter'"),
    ("400", "refused_by_server", "HTTP 400: no 400 today"),
    ("vllm", "refused_by_server", "HTTP 400: This model's maximum context length is 8 tokens"),
    ("500", "server_error", "HTTP 500: no 500 today (batches: 3)"),
    ("429", "rate_limited", "HTTP 429: no 429 today (batches: 3)"),
    ("expired", "timeout", "batch_expired: it was expired (batches: 3)"),
    ("cancelled", "server_error", "batch_cancelled: it was cancelled (batches: 3)"),
    ("missing", "bad_response", "no line of a readable length in the batch's files (batches: 3)"),
    ("long", "bad_response", "no line of a readable length in the batch's files (batches: 3)"),
    ("zero", "bad_response", "status 0 (batches: 3)"),
])
def test_a_rows_fault_is_that_rows_alone(tmp_path: Path, what: str, reason: str, said: str) -> None:
    """Two rows beside it are answered in the first batch; where the server failed, the row is asked in two batches more."""
    with BatchServer(lambda row, number: what if row == "row 1" else "ok") as server:
        found = outcomes(backend(server.url, tmp_path), requests(3))
    assert found == {"id-0": good(0), "id-1": Failure("id-1", reason, said), "id-2": good(2)}  # type: ignore[arg-type]
    assert server.requests[BATCHES] == (1 if reason == "refused_by_server" else 3)
    assert server.seen["row 0"] == 1


@pytest.mark.parametrize("what", ["500", "429", "408", "expired", "missing", "zero", "no_choice"])
def test_what_failed_for_the_servers_reasons_is_answered_by_the_next_batch(tmp_path: Path, what: str) -> None:
    with BatchServer(lambda row, number: what if number == 1 and row > "row 5" else "ok") as server:
        asking = backend(server.url, tmp_path, max_requests=5)
        assert outcomes(asking, requests(10)) == {f"id-{i}": good(i) for i in range(10)}
    assert (server.requests[BATCHES], asking.retries) == (3, 4)  # two, and one with all that failed in them
    assert records(tmp_path) == []


def test_duplicates_unknown_rows_and_a_missing_usage_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BatchServer(lambda row, number: "twice" if row == "row 0" else "no_usage") as server:
        found = outcomes(backend(server.url, tmp_path), requests(2))
    assert found == {"id-0": good(0), "id-1": Completion("id-1", "row 1, drawn with 101", "stop", 0, 0)}
    assert capsys.readouterr().err.count("reports no token usage") == 1


# Whole batches


def test_what_an_expired_batch_finished_is_kept_and_the_rest_is_asked_again(tmp_path: Path) -> None:
    def plan(row: str, number: int) -> str:
        return "ok" if row in ("row 0", "row 1") or number == 2 else "expired"

    with BatchServer(plan, ends=lambda number: "expired" if number == 1 else "completed") as server:
        assert outcomes(backend(server.url, tmp_path), requests(6)) == {f"id-{i}": good(i) for i in range(6)}
    assert server.requests[BATCHES] == 2 and set(server.paid.values()) == {1}


def test_batches_that_expire_without_an_answer_end_the_run(tmp_path: Path) -> None:
    says = r"stopped answering: the batch expired before it was answered.*finished rows are kept"
    with (
        BatchServer(lambda row, number: "missing", ends=lambda number: "expired") as server,
        pytest.raises(ModelError, match=says),
    ):
        outcomes(backend(server.url, tmp_path), requests(20))
    assert server.requests[BATCHES] == 3


def test_a_batch_that_someone_cancels_ends_the_run_and_a_new_run_asks_the_rest(tmp_path: Path) -> None:
    def plan(row: str, number: int) -> str:
        return "ok" if row == "row 0" or number == 2 else "cancelled"

    with BatchServer(plan, polls=3, ends=lambda number: "cancelled" if number == 1 else "completed") as server:
        asking, found = backend(server.url, tmp_path).complete(requests(4), SAMPLING), []
        with pytest.raises(ModelError, match="batch_1 was cancelled, with 3 rows left"):
            found.extend(asking)
        assert found == [good(0)]
        assert len(outcomes(backend(server.url, tmp_path), requests(3, 1))) == 3
    assert set(server.paid.values()) == {1}


def fault(code: str, message: str, line: int | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": None}


def test_lines_for_which_a_batch_is_not_taken_are_those_rows_faults(tmp_path: Path) -> None:
    def faults(number: int, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        at = next(i for i, line in enumerate(lines, 1) if line["body"]["seed"] == 102)
        return [fault("context_length", "the prompt is too long for the context window", at)]

    with BatchServer(ends=lambda number: "failed" if number == 1 else "completed", faults=faults) as server:
        found = outcomes(backend(server.url, tmp_path), requests(4))
    said = "context_length: the prompt is too long for the context window"
    assert found == {f"id-{i}": good(i) for i in (0, 1, 3)} | {"id-2": Failure("id-2", "refused_by_server", said)}


@pytest.mark.parametrize(("code", "message", "says"), [
    ("model_not_found", "The model org/model does not exist", "model_not_found.*leave_out, rename"),
    ("billing_hard_limit_reached", "Billing hard limit has been reached", "hard limit"),
    ("token_limit_exceeded", "Enqueued token limit reached", r"lower machine\.openai_batch\.max_requests"),
])
def test_a_batch_that_is_refused_as_a_whole_ends_the_run_in_one_line(tmp_path: Path, code: str, message: str, says: str) -> None:
    with BatchServer(ends=lambda number: "failed", faults=lambda number, lines: [fault(code, message)]) as server:
        for _ in range(2):  # and again: nothing is left of the first
            with pytest.raises(ModelError, match=says) as caught:
                outcomes(backend(server.url, tmp_path), requests(4))
            assert len(str(caught.value).splitlines()) == 1 and "finished rows are kept" in str(caught.value)
    assert server.requests[BATCHES] == 2 and records(tmp_path) == []


def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    with BatchServer(
        ends=lambda number: "failed" if number == 2 else "completed",
        faults=lambda number, lines: [fault("token_limit_exceeded", "Enqueued token limit reached")],
    ) as server:
        server.held.set()
        clock = Clock()

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            if len(clock.naps) == 1:
                with server.lock:
                    server.end("batch_2", "failed")
            server.held.clear() if len(clock.naps) > 3 else None

        asking = OpenaiBatchBackend(
            Model("org/model"), engine_of(server.url), machine_of(tmp_path, max_requests=3), sleep=sleep, now=clock,
        )
        assert len(outcomes(asking, requests(6))) == 6
    assert server.requests[BATCHES] == 3 and set(server.paid.values()) == {1}


@pytest.mark.parametrize(("gate", "says"), [
    ("401", "HTTP 401.*OPENAI_API_KEY, which is not set"), ("429 insufficient_quota: no credit balance", "insufficient_quota"),
    ("404", "HTTP 404.*check base_url"), ("402", "HTTP 402"), ("400 Unsupported parameter: 'metadata'", "Unsupported parameter"),
])
@pytest.mark.parametrize("where", ["POST /files", BATCHES])
def test_what_the_server_refuses_for_all_ends_the_run_in_one_line(tmp_path: Path, where: str, gate: str, says: str) -> None:
    with (
        BatchServer(gate=lambda request, number: gate if request == where else "pass") as server,
        pytest.raises(ModelError, match=says) as caught,
    ):
        outcomes(backend(server.url, tmp_path), requests(4))
    assert len(str(caught.value).splitlines()) == 1
    assert server.requests[where] == 1 and records(tmp_path) == []


def test_rows_that_are_all_refused_alike_end_the_run(tmp_path: Path) -> None:
    with BatchServer(lambda row, number: "400") as server, pytest.raises(ModelError, match="refuses row after row"):
        outcomes(backend(server.url, tmp_path), requests(20))
    with (
        BatchServer(lambda row, number: "400 Unknown parameter: 'top_k'") as server,
        pytest.raises(ModelError, match=r"Unknown parameter.*leave_out, rename"),
    ):
        outcomes(backend(server.url, tmp_path), requests(2))


def test_a_run_waits_no_longer_than_it_may_and_the_next_one_fetches(tmp_path: Path) -> None:
    with BatchServer() as server:
        server.held.set()
        clock = Clock()
        with pytest.raises(ModelError, match=r"not finished within 0\.5 hours.*the batch batch_1 goes on at the server"):
            outcomes(backend(server.url, tmp_path, clock, max_wait_hours=0.5, poll_seconds=300.0), requests(4))
        assert clock.naps == [300.0] * 6
        server.held.clear()
        assert len(outcomes(backend(server.url, tmp_path), requests(4))) == 4
    assert server.requests[BATCHES] == server.requests["POST /files"] == 1


# Faults on the way


@pytest.mark.parametrize("gate", ["503", "429", "cut", "done_cut", "half_cut"])
@pytest.mark.parametrize("where", ["POST /files", BATCHES, "GET /batches/ID", "GET /files/ID/content", "GET /batches"])
def test_a_fault_on_the_way_is_tried_again_and_costs_no_second_batch(tmp_path: Path, where: str, gate: str) -> None:
    """`done_cut`: the server did what it was asked, and its answer was lost."""
    with BatchServer(gate=lambda request, number: gate if (request, number) == (where, 1) else "pass") as server:
        assert outcomes(backend(server.url, tmp_path), requests(5)) == {f"id-{i}": good(i) for i in range(5)}
    assert set(server.paid.values()) == {1} and len(server.batches) == 1


def test_an_hour_of_silence_is_borne_and_then_told(tmp_path: Path) -> None:
    def gate(request: str, number: int) -> str:
        return "503" if request == "GET /batches/ID" and 1 < number < 7 else "pass"

    with BatchServer(gate=gate) as server:
        assert len(outcomes(backend(server.url, tmp_path, poll_seconds=600.0), requests(2))) == 2
    with (
        BatchServer(gate=lambda request, number: "503" if request == "GET /batches/ID" and number > 1 else "pass") as server,
        pytest.raises(ModelError, match=r"not answered for an hour: HTTP 503.*batch_1 goes on"),
    ):
        outcomes(backend(server.url, tmp_path, poll_seconds=600.0), requests(2))


def test_answers_that_cannot_be_fetched_wait_at_the_server(tmp_path: Path) -> None:
    broken = True
    with BatchServer(gate=lambda request, number: "half_cut" if broken and "content" in request else "pass") as server:
        with pytest.raises(ModelError, match=r"cannot be fetched.*tries: 3"):
            outcomes(backend(server.url, tmp_path), requests(4))
        broken = False
        assert len(outcomes(backend(server.url, tmp_path), requests(4))) == 4
        big = backend(server.url, tmp_path, max_download_megabytes=0.0005)
        with pytest.raises(ModelError, match=r"machine\.openai_batch\.max_download_megabytes"):
            outcomes(big, requests(4, 10))
    assert len(server.batches) == 2


# Restarts (by kill -9: test_openai_batch_killed.py)


def left_in_the_middle(asking: OpenaiBatchBackend, asked: list[Request]) -> Completion | Failure:
    answers: Iterator[Completion | Failure] = asking.complete(asked, SAMPLING)
    first = next(answers)
    answers.close()  # type: ignore[attr-defined]
    return first


def test_a_run_that_wants_a_part_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    with BatchServer() as server:
        left_in_the_middle(backend(server.url, tmp_path), requests(6))
        assert len(outcomes(backend(server.url, tmp_path), requests(2))) == 2
        assert len(outcomes(backend(server.url, tmp_path), requests(6))) == 6  # two anew: they were taken up
    assert server.seen == {"row 0": 2, "row 1": 2} | {f"row {i}": 1 for i in range(2, 6)}


@pytest.mark.parametrize("ended", [False, True])
def test_a_batch_whose_record_is_lost_is_found_in_the_servers_list(tmp_path: Path, ended: bool) -> None:
    """It is under way, or has ended and its answers were never fetched; two others were made since."""
    with BatchServer(gate=lambda request, number: "503" if ended and "content" in request and number < 4 else "pass") as server:
        if not ended:
            server.held.set()
        with pytest.raises(ModelError, match=r"not finished within|cannot be fetched"):
            outcomes(backend(server.url, tmp_path, max_wait_hours=0.01), requests(6))
        [record] = records(tmp_path)
        record.unlink()
        server.held.clear()
        outcomes(backend(server.url, tmp_path, max_requests=2), requests(4, 90))
        assert outcomes(backend(server.url, tmp_path), requests(6)) == {f"id-{i}": good(i) for i in range(6)}
    assert set(server.paid.values()) == {1} and len(server.batches) == 3


def test_a_batch_that_the_server_does_not_know_is_not_silently_paid_again(tmp_path: Path) -> None:
    with BatchServer() as server:
        left_in_the_middle(backend(server.url, tmp_path), requests(2))
        server.batches.clear()
        with pytest.raises(ModelError, match=r"batch batch_1: HTTP 404.*if it is gone, remove .*\.json"):
            outcomes(backend(server.url, tmp_path), requests(2))
        [record] = records(tmp_path)
        record.write_text("{")
        with pytest.raises(InputError, match="no record of a batch"):
            outcomes(backend(server.url, tmp_path), requests(2))
        record.unlink()
        assert len(outcomes(backend(server.url, tmp_path), requests(2))) == 2


def test_a_file_that_is_gone_is_said_and_its_rows_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = lambda request, number: "404" if (request, number) == ("GET /files/ID/content", 1) else "pass"  # noqa: E731
    with BatchServer(gate=gone) as server:
        assert len(outcomes(backend(server.url, tmp_path), requests(2))) == 2
    assert "the answers of batch batch_1 are gone" in capsys.readouterr().err


def test_a_server_without_a_list_serves_all_the_same(tmp_path: Path) -> None:
    with BatchServer(lists=False) as server:
        assert len(outcomes(backend(server.url, tmp_path), requests(2))) == 2


# The key, the store's key, what is checked first


@pytest.mark.parametrize("what", ["ok", "400", "500"])
@pytest.mark.parametrize("where", ["", "POST /files", BATCHES, "GET /batches/ID"])
def test_the_key_is_nowhere_but_in_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    what: str, where: str,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    gate = lambda request, number: f"403 you sent {KEY}" if request == where else "pass"  # noqa: E731
    with BatchServer(lambda row, number: what, says=f" to {KEY}", gate=gate) as server:
        asking, seen = backend(server.url, tmp_path), []
        try:
            seen = [repr(one) for one in asking.complete(requests(2), SAMPLING)]
        except ModelError as error:
            seen.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    assert server.keys == {f"Bearer {KEY}"}
    seen += [repr(vars(asking)), caplog.text, *capfd.readouterr()]
    seen += [path.read_text() for path in records(tmp_path)]
    assert "[key]" in "".join(seen) and KEY not in "".join(seen)


def test_a_batchs_answer_and_a_live_one_have_one_key() -> None:
    """By the same server, model and body: a corpus begun by one is finished by the other."""
    live = Engine(backend="openai", openai=Server(base_url="http://h/v1", extra_body={"a": 1}))
    batch = live.model_copy(update={"backend": "openai_batch"})
    message = [{"role": "user", "content": "x"}]
    keys = {KeyMaker(Model("m"), engine, SAMPLING, {"type": "object"}).key(message, 0, 1) for engine in (live, batch)}
    assert len(keys) == 1


def test_one_process_asks_whatever_the_executor(tmp_path: Path) -> None:
    machine = machine_of(tmp_path).model_copy(update={"executor": "ray", "replicas": 4})
    assert isinstance(open_backend(Model("m"), engine_of("http://h/v1"), machine), OpenaiBatchBackend)


def test_check_sees_to_it_that_there_is_a_batch_api(tmp_path: Path) -> None:
    reachable._asked.cache_clear()
    with BatchServer() as server:
        for check in reachable.checks_of(Model("org/model"), engine_of(server.url), machine_of(tmp_path), 24):
            check()
    with FlakyServer(always("ok")) as live, BatchServer(lists=False) as server:
        for url, place in ((live.url, "files"), (server.url, "batches")):
            with pytest.raises(ModelError, match=rf"has no batch API \(GET /{place}: HTTP \d+\); take the backend openai"):
                reachable.check_batches(Server(base_url=url))
    with pytest.raises(ModelError, match="no server"):
        [*reachable.checks_of(Model("m"), engine_of(server.url), machine_of(tmp_path), 24)][1]()


def test_requests_count_and_progress_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with BatchServer(polls=3) as server:
        outcomes(backend(server.url, tmp_path), requests(4))
    said = capsys.readouterr().err
    assert f"{server.url}: batch batch_1 made, 4 requests" in said
    assert "1 batch under way, 0/4 requests finished" in said


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, True, -1, 2**63])
@pytest.mark.parametrize("where", ["created_at", "total", "completed", "line"])
def test_any_number_that_json_holds_is_read(where: str, number: float) -> None:
    said: dict[str, Any] = {"id": "b1", "status": "completed", "created_at": 1, "request_counts": {"total": 3, "completed": 2}}
    said["errors"] = {"data": [{"code": "x", "message": "y", "line": 1}]}
    place = said["request_counts"] if where in ("total", "completed") else said["errors"]["data"][0] if where == "line" else said
    place[where] = number
    found = _batch(said, str)
    assert 0 <= found.created < 1e12 and 0 <= found.finished <= found.total < 2**31


def test_no_nesting_of_a_file_of_answers_is_a_traceback() -> None:
    for deep in range(800, 1000):
        nested = "[" * deep + "]" * deep
        for inner in (f'"error": {nested}', f'"response": {{"status_code": 200, "body": {nested}}}',
                      f'"response": {{"status_code": {nested}}}'):
            list(read_results([f'{{"custom_id": "a", {inner}}}\n'.encode()], 10_000))
