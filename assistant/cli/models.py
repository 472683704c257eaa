"""`thickshell models`: language models on this machine, and the server that runs one."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assistant.cli.state import emit, say, show, show_table, state
from assistant.errors import NotFound, UsageError

if TYPE_CHECKING:
    from assistant.models.running import Running

app = typer.Typer(help="Language models: list, inspect, serve, stop, status, logs.", no_args_is_help=True)


@app.command("list")
def list_models(context: typer.Context) -> None:
    """Profiles of open models, and which of them fit this machine; model servers found on their usual ports."""
    from assistant.models.discovery import discover
    from assistant.models.fit import fit
    from assistant.models.gpu import gpus
    from assistant.models.profile import profiles
    from assistant.models.running import running
    from assistant.models.serving import at_hand

    given = state(context)
    home, cards = given.settings().home, gpus()
    ours = running(home)
    rows = [(p, fit(p, cards), at_hand(p)) for p in profiles(home / "models" / "profiles").values()]
    rows.sort(key=lambda row: (not row[2], not row[1].ok))  # what can be served now, then what fits
    found = [server for server in discover() if not ours or server.url != ours.url]
    if given.json:
        if ours:
            emit({"kind": "running", **_row(ours)})
        for p, chance, local in rows:
            emit({"kind": "profile", **p.as_json, "fits": chance.ok, "why": chance.why, "here": local})
        for server in found:
            emit({"kind": "server", **server.as_json})
        return
    show_table(
        ("name", "parameters", "licence", "here", "fits"),
        [(p.name, f"{p.parameters / 1e9:.3g} B", p.licence, "yes" if here else "no", c.why) for p, c, here in rows],
    )
    show("\n`thickshell models serve NAME` serves one that is here; `hf download OWNER/NAME` brings others.")
    if ours:
        show(f"\n{_sentence(ours)}")
    for server in found:
        show(f"\nFound {server.title} at {server.url}: {', '.join(server.models) or 'no models'}")
        show(f"  To use it, set model_url = {server.url!r} and model in thickshell.toml.")


@app.command()
def inspect(
    context: typer.Context, name: str = typer.Argument(help="A model folder, a profile, or 'packaged'.")
) -> None:
    """What a model folder holds: its true architecture, origin, licence, adapters and file hashes."""
    from assistant.models.provenance import inspect as look
    from assistant.models.provenance import sentences
    from assistant.models.serving import launch_of

    given = state(context)
    home = given.settings().home
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = Path(launch_of(home, name)[0].folder)
    found = look(folder, cache=home / "models" / "hashes.json")
    if given.json:
        emit(found.as_json)
        return
    for line in sentences(found):
        show(line)


@app.command()
def serve(
    context: typer.Context,
    name: str = typer.Argument(help="A profile, a model folder, or 'packaged'."),
    foreground: bool = typer.Option(False, "--foreground", help="Stay, and stop the server with Ctrl-C."),
    port: int = typer.Option(0, "--port", help="Port on 127.0.0.1; 0 picks a free one."),
    tokens: int = typer.Option(0, "--context", help="Tokens of prompt and answer; 0: the profile's."),
    cache_memory: str = typer.Option("", "--cache-memory", help="Memory of the key-value cache, as 512M or 8G."),
    gpu_share: float = typer.Option(0.9, "--gpu-share", help="Share of each GPU's memory it may take, 0 to 1."),
    dummy: bool = typer.Option(False, "--dummy", help="Random weights instead of the model's: to measure speed."),
    served_as: str = typer.Option("", "--as", help="Name to serve it under."),
    compiled: bool = typer.Option(False, "--compile", help="Compile on a CPU as well: slow to start, then faster."),
    lora: bool | None = typer.Option(None, "--lora/--no-lora", help="Take LoRA adapters (default: by the profile)."),
    option: list[str] = typer.Option([], "--option", help="A further vLLM flag, as name=value or name."),
) -> None:
    """Serve a model with vLLM on this machine; it is started again after a crash."""
    from assistant.models import serving
    from assistant.models.vllm_command import engine, interpreter

    given = state(context)
    settings = given.settings()
    engine(interpreter())  # before anything is unpacked
    if not 0 < gpu_share <= 1:
        raise UsageError("--gpu-share is a share of the memory, above 0 and at most 1; correct it.")
    if cache_memory and not re.fullmatch(r"\d+(\.\d+)?[kKmMgGtT]?", cache_memory):
        raise UsageError("--cache-memory is a size such as 512M or 8G; correct it.")
    launch, profile = serving.launch_of(settings.home, name, downloads=settings.allow_downloads, weights=not dummy)
    launch = replace(
        launch,
        name=served_as or launch.name,
        port=port,
        context=tokens or launch.context,
        cache_memory=cache_memory,
        gpu_share=gpu_share,
        load_format="dummy" if dummy else "",
        eager=False if compiled else None,
        lora=launch.lora if lora is None else lora,
        options=dict(_option(word) for word in option),
    )
    launch = serving.checked(launch)
    if foreground:
        _stay(settings.home, launch, profile.name if profile else "")
        return
    supervisor = serving.start(settings.home, launch, profile.name if profile else "")
    try:
        ready = serving.follow(settings.home, supervisor, _tell)
    except KeyboardInterrupt:  # whoever gives up waiting does not want it to go on unseen
        serving.stop(settings.home)
        raise
    if given.json:
        emit(_row(ready))
    else:
        show(f"{ready.name} answers at {ready.url}; its key is in {settings.home / 'models' / 'key'}.")
        show(
            f"thickshell finds it by itself: `thickshell ask QUESTION --brain {ready.name}`, or model = {ready.name!r}."
        )
        show("`thickshell models stop` ends it.")


@app.command()
def stop(context: typer.Context) -> None:
    """Stop the model server of this home."""
    from assistant.models import serving

    given = state(context)
    stopped = serving.stop(given.settings().home)
    if given.json:
        emit({"stopped": stopped.name})
    else:
        show(f"{stopped.name} was stopped.")


@app.command()
def status(context: typer.Context) -> None:
    """What the model server of this home is doing."""
    from assistant.models.running import last_known, running

    given = state(context)
    home = given.settings().home
    found = running(home)
    last = found or last_known(home)
    if found is None and last is not None and last.state not in ("stopped", "failed"):
        last = replace(
            last, state="failed", phase="", error="The supervisor of the model server was killed; start it again."
        )
    if last is None or last.state == "stopped":
        raise NotFound("No model server is at work; start one with `thickshell models serve NAME`.")
    if given.json:
        emit(_row(last))
    else:
        show(_sentence(last))
    if found is None:
        raise typer.Exit(1)


@app.command()
def logs(
    context: typer.Context, follow: bool = typer.Option(False, "--follow", "-f", help="Go on as more is written.")
) -> None:
    """What the model server wrote."""
    from assistant.models.serving import log_lines

    given = state(context)
    for line in log_lines(given.settings().home, follow=follow):
        if given.json:
            emit({"line": line.rstrip("\n")})
        else:
            show("".join(c for c in line.rstrip("\n") if c.isprintable() or c == "\t"))
            sys.stdout.flush()


def _stay(home: Path, launch: Any, profile: str) -> None:
    from assistant.models.supervisor import Supervisor

    supervisor = Supervisor(home, launch, profile, tell=_tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.run()


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    if not name.strip("- "):
        raise UsageError("An --option is name=value, or a name alone; correct it.")
    return name.strip("- "), value


def _tell(now: Running) -> None:
    if now.state != "failed":  # the error that follows says it
        say(_sentence(now))


def _sentence(now: Running) -> str:
    at = f" at {now.url}" if now.state == "ready" else ""
    percent = f" ({now.percent}%)" if now.percent is not None else ""
    again = f", {now.restarts} new starts" if now.restarts else ""
    return (
        f"{now.name}: {now.state}{at}{again}"
        + (f", {now.phase}{percent}" if now.phase else "")
        + (f". {now.error}" if now.error else "")
    )


def _row(now: Running) -> dict[str, Any]:
    return {
        "name": now.name,
        "state": now.state,
        "url": now.url,
        "folder": now.folder,
        "profile": now.profile,
        "context": now.context,
        "phase": now.phase,
        "percent": now.percent,
        "restarts": now.restarts,
        "error": now.error,
    }
