"""The command `octavo`. Each subcommand is a file in `commands/`, imported when it is called: the shell waits for none of the others."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from octavo.commands.failing import explain_errors
from octavo.commands.kube.cli import kube_app

app = typer.Typer(
    name="octavo",
    help="AI generators from one YAML each: on this laptop with `octavo up`, on a cluster with `kubectl apply`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
jobs_app = typer.Typer(help="Jobs of a generator on a running platform.", no_args_is_help=True)
train_app = typer.Typer(help="Train models: on your own texts, or those that ship with Octavo.", no_args_is_help=True)
keys_app = typer.Typer(help="The keys that tokens are signed and data is encrypted with.", no_args_is_help=True)
users_app = typer.Typer(help="People's accounts.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")
app.add_typer(keys_app, name="keys")
app.add_typer(users_app, name="users")
app.add_typer(train_app, name="train")
app.add_typer(kube_app, name="kube")

Files = Annotated[
    list[Path] | None, typer.Option("--file", "-f", help="A YAML file or a folder of them; may be repeated. Default: this folder.")
]
Url = Annotated[str, typer.Option(envvar="OCTAVO_URL", help="Where the platform runs; default: this machine, at OCTAVO_PORT or 8080.")]
Token = Annotated[str | None, typer.Option(envvar="OCTAVO_TOKEN", help="Bearer token, where the generator asks for one.")]


def _read_env_file(path: Path | None) -> Path | None:
    """Before the other options are looked at, which may come from it."""
    if path is not None:
        from octavo.commands.env_file import add_to_environment

        add_to_environment(path)
    return path


EnvFile = Annotated[
    Path | None,
    typer.Option(
        is_eager=True, callback=_read_env_file, help="A file of VARIABLE=value lines, such as .env; the environment's own count before it."
    ),
]

DataHome = Annotated[Path, typer.Option("--home", envvar="OCTAVO_HOME", help="Folder for the data.")]


class KeyKinds(StrEnum):
    SIGNING = "signing"
    DATA = "data"


class PlanOutput(StrEnum):
    TEXT = "text"
    YAML = "yaml"


@app.command()
def up(
    file: Files = None,
    port: Annotated[int, typer.Option(envvar=["OCTAVO_PORT", "API_PORT"], min=1, max=65535, help="Port to listen on.")] = 8080,
    host: Annotated[str, typer.Option(envvar="OCTAVO_HOST", help="Address to listen on.")] = "127.0.0.1",
    env_file: EnvFile = None,
    home: Annotated[Path, typer.Option(envvar="OCTAVO_HOME", help="Folder for the data.")] = Path(".octavo"),
) -> None:
    """Run the generators of your YAML files on this machine."""
    from octavo.commands.up import run

    run(file or [Path()], host=host, port=port, home=home)


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="A YAML file or a folder of them.")],
    output: Annotated[
        PlanOutput, typer.Option("--output", "-o", help="text: everything, for people. yaml: the Kubernetes objects alone, for kubectl.")
    ] = PlanOutput.TEXT,
    has: Annotated[
        list[str] | None, typer.Option(help="An API group that the cluster has, such as monitoring.coreos.com; may be repeated.")
    ] = None,
) -> None:
    """Show what a file makes: the resource with every default, the objects that the operator applies for it, and what runs here."""
    from octavo.commands.plan import run

    run(file, only_objects=output is PlanOutput.YAML, has=has or ())


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the generator: lower case, digits and dashes.")],
    task: Annotated[str, typer.Option(help="story, text, translation, image or image-description.")] = "story",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; default: NAME.yaml.")] = None,
    from_env: Annotated[
        Path | None, typer.Option(help="The .env of an Image Generator Service: the YAML of a generator that does the same.")
    ] = None,
) -> None:
    """Write the YAML of a new generator."""
    from octavo.commands.new import run, run_from_env

    if from_env is not None:
        run_from_env(name, from_env, out)
    else:
        run(name, task, out)


@app.command()
def generate(
    name: Annotated[str, typer.Argument(help="The generator.")],
    prompt: Annotated[str, typer.Argument(help="What to generate.")],
    audience: Annotated[str | None, typer.Option(help="children, young or adult (stories).")] = None,
    language: Annotated[str | None, typer.Option(help="en, es, …")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same result where the model allows it.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest result, in tokens.")] = None,
    to: Annotated[str | None, typer.Option(help="Into which language (translations); --language says from which.")] = None,
    url: Url = "",
    token: Token = None,
) -> None:
    """Ask a running generator, and watch it work."""
    from octavo.commands.generate import run

    if to is not None:
        body: dict[str, object] = {"text": prompt, "target_language": to, "source_language": language}
    else:
        body = {"prompt": prompt, "audience": audience, "language": language, "seed": seed, "max_tokens": max_tokens}
    run(name, {key: value for key, value in body.items() if value is not None}, url=url, token=token)


@jobs_app.command("list")
def jobs_list(
    name: Annotated[str, typer.Argument(help="The generator.")],
    status: Annotated[list[str] | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    url: Url = "",
    token: Token = None,
) -> None:
    """The newest jobs."""
    from octavo.commands.jobs import list_jobs

    list_jobs(name, status or [], limit, url=url, token=token)


def _on_one_job(action: str) -> Callable[..., None]:
    def command(
        name: Annotated[str, typer.Argument(help="The generator.")],
        job: Annotated[str, typer.Argument(help="The job's id.")],
        url: Url = "",
        token: Token = None,
    ) -> None:
        from octavo.commands.jobs import act

        act(action, name, job, url=url, token=token)

    return command


jobs_app.command("show", help="All of one job.")(_on_one_job("show"))
jobs_app.command("cancel", help="Cancel a job that is queued or running.")(_on_one_job("cancel"))
jobs_app.command("replay", help="Run a failed or cancelled job again.")(_on_one_job("replay"))


@keys_app.command("rotate")
def keys_rotate(
    kind: Annotated[KeyKinds, typer.Option(help="signing: of access tokens. data: of /api/security/encrypt.")] = KeyKinds.SIGNING,
    at_once: Annotated[bool, typer.Option("--at-once", help="A key was stolen: the new one signs now, old ones are refused.")] = False,
    home: DataHome = Path(".octavo"),
) -> None:
    """Make a new key; the older ones hold for a while (signing) or for ever, for reading (data)."""
    from octavo.commands.keys import rotate

    rotate(kind.value, at_once=at_once, home=home)


@keys_app.command("list")
def keys_list(home: DataHome = Path(".octavo")) -> None:
    """All keys, without their secret halves."""
    from octavo.commands.keys import show

    show(home=home)


@users_app.command("promote")
def users_promote(
    username: Annotated[str, typer.Argument(help="E-mail address, phone number or name of the account.")],
    home: DataHome = Path(".octavo"),
) -> None:
    """Make an account an admin, such as the first one."""
    from octavo.commands.keys import make_admin

    make_admin(username, home=home)


@app.command()
def doctor(home: Annotated[Path, typer.Option(envvar="OCTAVO_HOME", help="Folder for the data.")] = Path(".octavo")) -> None:
    """What this machine lacks, what for, and how to get it."""
    from octavo.commands.doctor import run

    run(home)


@app.command("fake-providers")
def fake_providers(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free.")] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    latency: Annotated[
        list[str] | None, typer.Option(help="Seconds before an answer, as TYPE=SECONDS, such as openai=0.05; may be repeated.")
    ] = None,
) -> None:
    """A server that speaks the wire formats of all providers and answers with samples; latency, failures and refusals can be scripted."""
    from octavo_fakes.main import read_latency, run

    run(host, port, read_latency(latency or []))


@app.command()
def schema(out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; default: standard output.")] = None) -> None:
    """The JSON Schema of a GeneratorService, for editors."""
    from octavo.commands.schema import write_schema

    write_schema(out)


@app.command()
def crds(out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write to; default: standard output.")] = None) -> None:
    """The CustomResourceDefinition, for a cluster."""
    from octavo.commands.schema import write_crds

    write_crds(out)


class ModelSize(StrEnum):
    TINY = "tiny"
    SMALL = "small"
    MEDIUM = "medium"


def _resource_name(name: str) -> str:
    if not re.fullmatch(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", name):
        raise typer.BadParameter("lower case letters, digits and dashes, 40 at most")
    return name


Steps = Annotated[int | None, typer.Option(min=1, help="Training steps at most; default: as many as that model is worth.")]
TrainingSeed = Annotated[int, typer.Option(help="The same seed gives the same weights on the same machine.")]
TrainingThreads = Annotated[int, typer.Option(min=1, help="Threads to train with; more are faster only on a machine without other work.")]
ModelName = Annotated[str, typer.Option("--name", help="The generator's name.", callback=_resource_name)]
OutFolder = Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write to; started again there, a training goes on.")]


@train_app.command("story")
def train_story(
    data: Annotated[
        Path | None, typer.Option(help="A folder of your own texts (.txt, .md). Left out: the grammar of the shipped model.")
    ] = None,
    name: ModelName = "my-stories",
    out: OutFolder = None,
    size: Annotated[ModelSize, typer.Option(help="Of a model of your own.")] = ModelSize.SMALL,
    start: Annotated[
        Path | None, typer.Option("--from", help="A GPT-2 in Hugging Face's layout (safetensors) to go on from, with --data.")
    ] = None,
    steps: Steps = None,
    seed: TrainingSeed = 0,
    threads: TrainingThreads = 1,
) -> None:
    """Train a story model on your own texts, or the shipped one anew (needs `octavo[train]`). Killed and started again, it goes on."""
    from octavo.commands.train import run_own_story, run_story

    if data is None:
        run_story(out or Path("build/stories"), steps=steps, seed=seed, threads=threads)
    else:
        run_own_story(data, out, name=name, size=size.value, start=start, steps=steps, seed=seed, threads=threads)


@train_app.command("translator")
def train_translator(
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder of your own pairs: NAME.en.txt beside NAME.es.txt, or .tsv whose first line names the languages."
            " Left out: the grammar of the shipped model."
        ),
    ] = None,
    name: ModelName = "my-translator",
    out: OutFolder = None,
    size: Annotated[ModelSize, typer.Option(help="Of a model of your own.")] = ModelSize.SMALL,
    steps: Steps = None,
    seed: TrainingSeed = 0,
    threads: TrainingThreads = 1,
) -> None:
    """Train a translator on your own pairs of texts, or the shipped one anew (needs `octavo[train]`). Started again, it goes on."""
    from octavo.commands.train import run_own_translator, run_translator

    if data is None:
        run_translator(out, steps=steps, seed=seed, threads=threads)
    else:
        run_own_translator(data, out, name=name, size=size.value, steps=steps, seed=seed, threads=threads)


def main() -> NoReturn:
    with explain_errors():
        sys.exit(_run())


def _run() -> Any:
    return app()


if __name__ == "__main__":
    main()
