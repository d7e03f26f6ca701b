"""Results as Markdown: `python -m benchmarks.report results/jobs.json results/startup.json --into docs/reference/benchmarks.md`.

The page keeps its words; each table stands between two comments, `<!-- jobs -->` and `<!-- /jobs -->`, and only what is between them is
replaced. Without a result a table is a skeleton: a dash where a figure belongs.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

Result = Mapping[str, Any]
"""A result file as it was read: `benchmark` names its kind."""

DASH = "–"
LEVELS = (1, 100, 400)
PEERS = {
    "seeds": "the seeds' stack (Express + Bull + socket.io)",
    "seeds-key": "the same, with the JWT secret as a key made once",
    "bull": "the same, tuned by hand (two processes, no JWT, completed jobs thrown away)",
}
STACKS = {"octavo": "Octavo", **PEERS}
RATIO_OVER = {"seeds": "the seeds' stack", "seeds-key": "the one with a key", "bull": "the tuned one"}


def figure(value: float | None, digits: int = 1, unit: str = "") -> str:
    """A figure as the tables write it; a dash where it was not measured."""
    return DASH if value is None else f"{value:,.{digits}f}{unit}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def provenance(result: Result | None) -> str:
    """The line that says on what, when and how it was measured."""
    if result is None:
        return "Not measured yet."
    on = result["machine"]
    programs = [f"Python {on['python']}", *(f"{name} {on[key]}" for name, key in (("Node.js", "node"), ("Redis", "redis")) if on.get(key))]
    where = f"{on['cores']} cores ({on['cpu']}), {on['memory_gib']:g} GiB, Linux {on['kernel']}"
    return f"Measured {result['at']} on {where}, {', '.join(programs)}."


def render_jobs(result: Result | None) -> str:
    """Throughput, overhead and cost of all stacks at each level, then the pause. A stack that a result lacks has no row."""
    settings = result["settings"] if result else {"levels": LEVELS}
    stacks: Mapping[str, Any] = result["stacks"] if result else {stack: {"levels": [], "pause": None} for stack in STACKS}

    def level(stack: str, in_flight: int) -> Mapping[str, float]:
        return next((figures for figures in stacks[stack]["levels"] if figures["in_flight"] == in_flight), {})

    def compared(peer: str, in_flight: int) -> Mapping[str, float]:
        measured = result["ratios"] if result else []
        return next((figures for figures in measured if figures["peer"] == peer and figures["in_flight"] == in_flight), {})

    shown = [stack for stack in STACKS if stack in stacks]
    against = [peer for peer in PEERS if peer in stacks and "octavo" in stacks]
    head = ["In flight", "Stack", "jobs/s", "overhead p50", "overhead p99", "CPU s per 1,000 jobs", "PSS", "failed / lost / repeated"]
    rows = []
    for in_flight in settings["levels"]:
        for stack in shown:
            at = level(stack, in_flight)
            counts = " / ".join(str(at[key]) for key in ("failed", "lost", "repeated")) if at else DASH
            rows.append(
                [
                    *(str(in_flight), STACKS[stack], figure(at.get("jobs_per_s")), figure(at.get("overhead_p50_ms"), 2, " ms")),
                    *(
                        figure(at.get("overhead_p99_ms"), 2, " ms"),
                        figure(at.get("cpu_s_per_1000_jobs"), 3),
                        figure(at.get("pss_mb"), 0, " MB"),
                        counts,
                    ),
                ]
            )
        for peer in against:
            over = compared(peer, in_flight)
            keys = ("jobs_per_s", "overhead_p50", "overhead_p99", "cpu_s_per_1000_jobs")
            name = f"**Octavo over {RATIO_OVER[peer]}**"
            rows.append([str(in_flight), name, *(f"**{figure(over.get(key), 2, ' ×')}**" if over else DASH for key in keys), "", ""])

    pause_s = result["settings"]["pause_s"] if result else None
    pause_rows = []
    for stack in shown:
        at = stacks[stack]["pause"] or {}
        shares = [at.get("worker_idle_cores"), at.get("stack_idle_cores")]
        first_job = [at.get("first_job_overhead_p50_ms"), at.get("first_job_overhead_highest_ms")]
        pause_rows.append(
            [
                STACKS[stack],
                *(figure(overhead, 2, " ms") for overhead in first_job),
                *(figure(None if share is None else share * 100, 2, " %") for share in shares),
            ]
        )
    pause_head = [
        "Stack",
        "first job: overhead, median",
        "first job: overhead, highest",
        "worker at rest, of one core",
        "whole stack at rest",
    ]
    parts = [provenance(result)]
    if result:
        others = max((at["others_cores"] for stack in stacks.values() for at in stack["levels"]), default=0.0)
        parts[0] += " {rounds} rounds, {seconds:g} s a level, upstream {latency_ms:g} ms;".format(**settings)
        parts[0] += f" programs that have no part in it held at most {others:.2f} cores."
    parts.append(table(head, rows))
    parts.append(f"After a pause of {figure(pause_s, 0)} s:")
    parts.append(table(pause_head, pause_rows))
    return "\n\n".join(parts)


def render_startup(result: Result | None) -> str:
    """From the command to the first story, and memory while a model works."""
    ready: Mapping[str, float] = result["ready_s"] if result else {}
    story: Mapping[str, float] = result["first_story_s"] if result else {}
    rows = [
        ["`octavo up` → `/health/ready`", figure(ready.get("first"), 2, " s"), figure(ready.get("median"), 2, " s")],
        ["`octavo up` → first story read", figure(story.get("first"), 2, " s"), figure(story.get("median"), 2, " s")],
    ]
    highest = result["pss_mb_highest"] if result else None
    resident = result["rss_mb_highest"] if result else None
    how = (
        " {runs} runs, each from an empty OCTAVO_HOME, on {names}.".format(
            runs=result["settings"]["runs"], names=", ".join(result["settings"]["files"])
        )
        if result
        else ""
    )
    return "\n\n".join(
        [
            provenance(result) + how,
            table(["What", "first run", "median"], rows),
            f"While stories are written, the whole process tree holds at most {figure(highest, 0, ' MB')} of memory"
            f" (PSS; {figure(resident, 0, ' MB')} as RSS).",
        ]
    )


def render_operator(result: Result | None) -> str:
    """The operator beside the bare script, and what it costs by resource."""
    stacks: Mapping[str, Any] = result["stacks"] if result else {}
    own: Mapping[str, Any] = stacks.get("operator", {})
    bare: Sequence[Mapping[str, Any]] = stacks.get("bare", ())
    ratios: Mapping[str, float] = result["ratios"] if result else {}
    rows = []
    for phase, words in (("create", "made, until all stand"), ("edit", "all edited at once, until all are rolled")):
        for number, run in enumerate(bare):
            when = " after it" if number else " before the operator" if len(bare) > 1 else ""
            rows.append([f"{words}: bare script{when}", figure(run[phase]["per_s"]), figure(run[phase]["cpu_ms_each"], 1, " ms"), DASH])
        at = own.get(phase, {})
        rows.append(
            [f"{words}: operator", figure(at.get("per_s")), figure(at.get("cpu_ms_each"), 1, " ms"), figure(at.get("writes_each"), 2)]
        )
        rows.append([f"**{words}: operator over bare script**", f"**{figure(ratios.get(phase), 2, ' ×')}**", "", ""])
    rest, restart, failover, delete = (own.get(part, {}) for part in ("rest", "restart", "failover", "delete"))
    costs = [
        ["writes in 60 s of rest (its Lease left out)", figure(rest.get("writes"), 0)],
        ["CPU at rest, of one core", figure(None if not rest else rest["cpu_share"] * 100, 2, " %")],
        ["memory, RSS a resource, after all were made", figure(own.get("rss_kb_each_created"), 1, " kB")],
        ["memory, RSS a resource, after all were edited too", figure(own.get("rss_kb_each_edited"), 1, " kB")],
        ["restart: all looked at", figure(restart.get("all_looked_at_s"), 1, " s")],
        ["restart: writes", figure(restart.get("writes"), 0)],
        ["restart: memory, RSS a resource", figure(restart.get("rss_kb_each"), 1, " kB")],
        ["leader killed (SIGKILL) → another leads", figure(failover.get("leading_s"), 1, " s")],
        ["leader killed → an edit made then is written", figure(failover.get("written_s"), 1, " s")],
        ["all deleted, until nothing is left", figure(delete.get("seconds"), 0, " s")],
        ["deleted: the operator's writes", figure(delete.get("writes"), 0)],
    ]
    count = f"{result['settings']['count']:,} GeneratorServices. " if result else ""
    return "\n\n".join(
        [
            count + provenance(result),
            table(["What", "a second", "CPU each", "own writes each"], rows),
            table(["What", "Figure"], costs),
        ]
    )


def _render_gateway(result: Result | None) -> str:
    # Here and not above: that module builds on this one.
    from benchmarks.gateway_report import render_gateway

    return render_gateway(result)


def _render_pages(result: Result | None) -> str:
    from benchmarks.pages_report import render_pages

    return render_pages(result)


def _render_text(result: Result | None) -> str:
    from benchmarks.text_generation.report import render_text

    return render_text(result)


def render_socketio(result: Result | None) -> str:
    """A burst to all clients, and a restart under load."""
    burst: Mapping[str, float] = result["burst"] if result else {}
    restart: Mapping[str, float] = result["restart"] if result else {}
    clients = f"{result['clients']:,} clients, a websocket and a user each. " if result else ""
    rows = [
        ["one event for each client at once → heard: p50", figure(burst.get("p50_ms"), 0, " ms")],
        ["p99", figure(burst.get("p99_ms"), 0, " ms")],
        ["the last one", figure(burst.get("max_ms"), 0, " ms")],
        ["CPU of the service for each notification", figure(burst.get("service_cpu_us_per_notification"), 0, " µs")],
        ["memory of the service (PSS)", figure(burst.get("service_pss_mb"), 0, " MB")],
        ["restart under load: events", figure(restart.get("events"), 0)],
        ["restart: lost / repeated / clients out of order", _counts(restart)],
        ["restart: until the service is ready again", figure(restart.get("service_back_s"), 1, " s")],
        ["restart: until all clients are back", figure(restart.get("all_clients_back_s"), 1, " s")],
    ]
    return f"{clients}{provenance(result)}\n\n{table(['What', 'Figure'], rows)}"


def _counts(restart: Mapping[str, float]) -> str:
    return " / ".join(str(restart[key]) for key in ("lost", "repeated", "clients_out_of_order")) if restart else DASH


RENDERERS: Mapping[str, Callable[[Result | None], str]] = {
    "jobs": render_jobs,
    "startup": render_startup,
    "operator": render_operator,
    "gateway": _render_gateway,
    "socketio": render_socketio,
    "pages": _render_pages,
    "text": _render_text,
}


def render(results: Sequence[Result]) -> str:
    """The tables of these results, one under the other."""
    return "\n\n".join(RENDERERS[result["benchmark"]](result) for result in results)


def insert(page: str, section: str, text: str) -> str:
    """The page with what stands between the section's comments replaced; ValueError where it has no such section."""
    pattern = re.compile(rf"(<!-- {section} -->\n).*?(<!-- /{section} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no section <!-- {section} -->")
    return pattern.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "results", type=Path, nargs="*", help="JSON files of benchmarks.jobs and benchmarks.startup; none prints the skeletons"
    )
    parser.add_argument("--into", type=Path, help="a page whose sections are replaced; else to standard output")
    options = parser.parse_args()
    results = [orjson.loads(path.read_bytes()) for path in options.results]
    texts = {result["benchmark"]: RENDERERS[result["benchmark"]](result) for result in results}
    if not results:
        texts = {name: renderer(None) for name, renderer in RENDERERS.items()}
    if options.into is None:
        print("\n\n".join(texts.values()))
        return
    page = options.into.read_text()
    for section, text in texts.items():
        page = insert(page, section, text)
    options.into.write_text(page)


if __name__ == "__main__":
    main()
