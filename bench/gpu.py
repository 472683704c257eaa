"""One scripted run of a model on a GPU, into one report; it goes on where it broke off.

    bench/gpu.sh MODEL [--data DIR] [--out DIR] [--limit 200] [--gpu-share 0.8] [--encoder-device cuda]

MODEL is a profile, a model folder, "packaged", or a made-up size ("made:8b": random weights, speed cells alone). The
model is served by our own supervisor (`thickshell models serve`) for the time of the run; what the run started ends
with it. `--device cpu` tries the whole run without a GPU, with a small model.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from assistant.embedders.sentence import check_device
from assistant.errors import GeneratorUnavailable, NotAvailable, NotFound, ThickshellError, UsageError
from assistant.models import serving, smollm
from assistant.models.gpu import gpus
from assistant.models.running import Running, running
from assistant.models.vllm_command import Engine, Launch, engine, interpreter
from bench.gpu_cells import SETS, TIERS, Cell, Plan, cells
from bench.gpu_made import PREFIX, made
from bench.gpu_report import Report, write
from evals.__main__ import bench_folder

NO_GPU = "No GPU was found (nvidia-smi tells of none); `--device cpu` tries the run here with a small model."
ENDED = 130  # exit code of what was interrupted


@dataclass
class Run:
    """A run in its folder. `told`: cell -> its result; `failed`: cell -> why it has none."""

    out: Path
    plan: Plan
    launch: Launch
    environment: Mapping[str, str]
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)  # free MB of all cards, before and after the model's start

    @property
    def home(self) -> Path:
        """Of the model server; corpora lie in a home beside it."""
        return self.out / "server"

    def missing(self) -> list[Cell]:
        for cell in cells(self.plan):
            with contextlib.suppress(OSError, ValueError):
                self.told[cell.key] = json.loads((self.out / "cells" / f"{cell.key}.json").read_text("utf-8"))
        return [cell for cell in cells(self.plan) if cell.key not in self.told]

    def keep(self, cell: Cell, result: dict[str, Any]) -> None:
        self.told[cell.key] = result
        file = self.out / "cells" / f"{cell.key}.json"
        beside = file.with_suffix(".new")
        beside.write_text(json.dumps(result, ensure_ascii=False) + "\n", "utf-8")
        beside.replace(file)


# --- what is run ------------------------------------------------------------------------------------------------------
def measure(run: Run) -> None:
    """Serves the model and fills the missing cells, each by a command of its own; what fails is written down."""
    missing = run.missing()
    if not missing:
        return
    with served(run) as server:
        for cell in missing:
            say(f"{cell.key} ...")
            began = time.monotonic()
            try:
                result = printed(cell.command(server, run.out, run.plan.data), run, server)
            except subprocess.CalledProcessError as error:
                run.failed[cell.key] = f"its command ended with code {error.returncode}: {error.output}"
                say(f"{cell.key}: {run.failed[cell.key]}")
                continue
            run.keep(cell, result | {"took_seconds": round(time.monotonic() - began, 1)})


@contextlib.contextmanager
def served(run: Run) -> Iterator[Running]:
    """The model under our supervisor; nothing of it is left afterwards."""
    with contextlib.suppress(NotFound):
        serving.stop(run.home)  # of a run that was killed
    run.memory["before"] = sum(card.free for card in gpus()) // 1_000_000
    launch = serving.checked(run.launch)
    try:
        serving.follow(
            run.home, serving.start(run.home, launch), lambda now: say(f"{now.name}: {now.state} {now.phase}")
        )
        found = running(run.home)
        if found is None:
            raise GeneratorUnavailable("The model server ended as soon as it was ready; its log tells more.")
        run.memory["served"] = sum(card.free for card in gpus()) // 1_000_000
        yield found
    finally:
        with contextlib.suppress(NotFound):
            serving.stop(run.home)


def printed(command: list[str], run: Run, server: Running) -> dict[str, Any]:
    """The last JSON object that a command prints; CalledProcessError with its last words. It ends with this program."""
    environment = os.environ | dict(run.environment) | {"THICKSHELL_MODEL_KEY": server.key}
    log = run.out / "log.txt"
    with log.open("a", encoding="utf-8") as said:
        begin = said.tell()
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment, start_new_session=True
        )
        try:
            out, _ = child.communicate()
        finally:
            end_group(child)
    rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    if child.returncode or not rows:
        words = log.read_bytes()[begin:].decode("utf-8", "replace").strip().splitlines()
        raise subprocess.CalledProcessError(child.returncode or 1, command[1:4], (words or ["it printed nothing"])[-1])
    return dict(rows[-1])


def end_group(child: subprocess.Popen[str]) -> None:
    """Ends a command and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(20)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


# --- what is asked for ------------------------------------------------------------------------------------------------
def prepared(args: argparse.Namespace) -> Run:
    """The run of these arguments. ThickshellError in one sentence where it cannot be made."""
    found = machine(args.device)
    device = args.encoder_device or ("cpu" if found.cpu else "cuda")
    check_device(device)
    dummy = args.dummy or args.model.startswith(PREFIX)
    name = args.model.removeprefix(PREFIX).replace("/", "_") if dummy else Path(args.model).name
    out = (args.out or Path("gpu-runs") / name).resolve()
    for folder in ("cells", "predictions", "server"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    model = str(made(args.model, out / "model", smollm.folder())) if args.model.startswith(PREFIX) else args.model
    launch, _ = serving.launch_of(out / "server", model, weights=not dummy)
    launch = replace(
        launch,
        context=args.context or launch.context,
        cache_memory=args.cache_memory,
        gpu_share=args.gpu_share,
        load_format="dummy" if dummy else "",
        lora=False,
    )
    identity = {"launch": asdict(launch), "encoder_device": device, "vllm": found.version}
    same_run(out / "run.json", json.loads(json.dumps(identity)))
    return Run(out, plan_of(args, quality=not dummy), launch, {"THICKSHELL_ENCODER_DEVICE": device})


def machine(device: str) -> Engine:
    """The vLLM for this device; NotAvailable where there is no GPU, or only the build for processors."""
    if device == "gpu" and not gpus():
        raise NotAvailable(NO_GPU)
    found = engine(interpreter())
    if device == "gpu" and found.cpu:
        raise NotAvailable(f"The vLLM of {found.python} is the build for CPUs; install vllm there for the GPU.")
    return found


def plan_of(args: argparse.Namespace, quality: bool) -> Plan:
    data = args.data or bench_folder()
    if not data.is_dir():
        raise NotFound(f"There is no folder {data}; name the public sets' with --data.")
    return Plan(
        data.resolve(),
        quality,
        tuple(args.sets),
        tuple(args.tiers),
        args.limit,
        args.tokens,
        args.people,
        args.streams,
        args.pairs,
        args.questions,
        args.passages,
    )


def same_run(file: Path, identity: dict[str, Any]) -> None:
    """Notes what this folder measures; UsageError where it measured something else before."""
    if file.is_file() and json.loads(file.read_text("utf-8")) != identity:
        raise UsageError(f"{file.parent} holds a run of another model or setting; choose another folder with --out.")
    file.write_text(json.dumps(identity) + "\n", "utf-8")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="bench/gpu.sh", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    top.add_argument("model", help="a profile, a model folder, 'packaged', or made:tiny, made:1b, made:8b")
    top.add_argument("--data", type=Path, help="folder of the public sets (THICKSHELL_BENCH)")
    top.add_argument("--out", type=Path, help="folder of results; a run that broke off goes on there")
    top.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    top.add_argument(
        "--gpu-share", type=float, default=0.8, help="of the card's memory for vLLM; the rest is the encoder's"
    )
    top.add_argument("--encoder-device", default="", help="where the encoder computes (cuda with a GPU)")
    top.add_argument("--dummy", action="store_true", help="random weights: the speed cells alone")
    top.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    top.add_argument("--tiers", nargs="+", type=int, choices=TIERS, default=TIERS)
    top.add_argument("--limit", type=int, default=200, help="the first so many questions of each set")
    top.add_argument("--tokens", type=int, default=512, help="most tokens of an answer")
    top.add_argument("--people", type=int, default=32, help="who ask at the same time")
    top.add_argument("--streams", type=int, default=8, help="at the same time where our overhead is measured")
    top.add_argument("--pairs", type=int, default=9, help="passes through us and straight")
    top.add_argument("--questions", type=int, default=0, help="of a pass (twice the streams when left out)")
    top.add_argument("--passages", type=int, default=512, help="for the encoder's speed")
    top.add_argument("--context", type=int, default=0, help="tokens of prompt and answer (the profile's)")
    top.add_argument("--cache-memory", default="", help="of vLLM's cache on a CPU, such as 512M")
    return top


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    args = parser().parse_args(arguments)

    def end(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell ignores it for what runs in the background
        signal.signal(number, end)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, end)
    code = 0
    run: Run | None = None
    try:
        run = prepared(args)
        measure(run)
    except KeyboardInterrupt:
        say("Interrupted; the same command goes on where it stopped.")
        code = ENDED
    except ThickshellError as error:
        say(str(error))
        code = error.exit_code
        if run:
            run.failed |= {cell.key: str(error) for cell in run.missing()}
    if run:
        report = Report(run.out, run.plan, run.launch, run.told, run.failed, run.memory, run.environment)
        say(f"The report is {write(report)}.")
        code = code or int(bool(run.failed))
    return code


if __name__ == "__main__":
    sys.exit(main())
