"""Fine-tune again and again, killed by SIGKILL at given moments, and resume. For tests/finetuning/test_killed.py.

    python killed_trainings.py '[["step 4"], ["half a file 2", "step 9"], ...]'

For each list: a fresh start that is killed at its first moment, a resumed one for each further moment, and one that ends.
Writes whole/ for an undisturbed run, and 0/, 1/, ... for the lists. Moments: "step N" (after the step, before it is looked at
or saved), "half a file N" (in the middle of the N-th file that torch saves), "before the seal N", "after the seal N", "before
the outputs". Prints what each process said when it went on, as JSON.
"""

import json
import multiprocessing
import os
import shutil
import signal
import sys
from pathlib import Path

PRELOADED = ("stages.finetune", "synthempathy.finetuning.run", "torch", "transformers.models.mistral.modeling_mistral",
             "transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto",
             "transformers.tokenization_utils_tokenizers")
CHECKPOINTS = Path(".synthempathy/checkpoints")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment):
    """Patch this process so that it is killed then."""
    import torch

    from synthempathy.finetuning import checkpoints, lora, watching

    kind, _, number = moment.rpartition(" ")
    seen = 0

    def due():
        nonlocal seen
        seen += 1
        return seen == int(number)

    if kind == "step":
        plain = watching.Watch.on_step_end

        def on_step_end(self, args, state, control, **more):
            if state.global_step == int(number):
                die()
            plain(self, args, state, control, **more)

        watching.Watch.on_step_end = on_step_end
    elif kind == "half a file":
        save = torch.save

        def half(value, place, *more, **options):
            save(value, place, *more, **options)
            if due():
                os.truncate(place, os.path.getsize(place) // 2)
                die()

        torch.save = half
    elif kind.endswith("the seal"):
        seal = checkpoints.Checkpoints.seal

        def sealed(self, step, best):
            last = due()
            if last and kind.startswith("before"):
                die()
            seal(self, step, best)
            if last:
                die()

        checkpoints.Checkpoints.seal = sealed
    elif moment == "before the outputs":
        lora.write_adapter = lambda *_: die()
    else:
        raise ValueError(moment)


def tune(out, moment, said):
    from stages.finetune import finetune

    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    if moment:
        die_at(moment)
    outputs = (Path(out, "adapter"), Path(out, "finetune.json"), Path(out, "loss.csv"))
    finetune(Path("train.jsonl"), Path("validation.jsonl"), *outputs, params=Path("params.yaml"))


def main():
    lists = json.loads(sys.argv[1])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    told = []

    def run(out, moment):
        said = Path("said")
        process = context.Process(target=tune, args=(out, moment, str(said)))
        process.start()
        process.join()
        wanted = -signal.SIGKILL if moment else 0
        assert process.exitcode == wanted, (out, moment, process.exitcode, said.read_text()[-3000:])
        return [line for line in said.read_text().splitlines() if "goes on" in line or "cut off" in line]

    run("whole", None)
    for number, moments in enumerate(lists):
        shutil.rmtree(CHECKPOINTS, ignore_errors=True)
        told.append([run(str(number), moment) for moment in [*moments, None]])
        assert not any(CHECKPOINTS.iterdir()), list(CHECKPOINTS.rglob("*"))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
