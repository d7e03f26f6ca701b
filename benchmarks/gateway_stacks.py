"""What the gateway's benchmark calls: the upstream itself, Octavo, LiteLLM's proxy."""

import sys
from pathlib import Path

from benchmarks.gateway_client import GatewayTarget
from benchmarks.processes import Program, StartError, answers, free_port, listens
from benchmarks.stacks import READY_DEADLINE_S, Octavo, Programs, Upstream

LITELLM_CONFIG = Path(__file__).parent / "peers" / "litellm" / "config.yaml"
LITELLM_READY_S = 180.0
"""It reads a few hundred modules first."""


class PacedUpstream(Upstream):
    """`gateway_upstream.py`, started once for the whole run."""

    def __init__(self, folder: Path, latency_ms: float, piece_ms: float) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        paces = ["--latency-ms", str(latency_ms), "--piece-ms", str(piece_ms)]
        command = [sys.executable, "-m", "benchmarks.gateway_upstream", "--port", str(self.port), *paces]
        self._program = Program("upstream", command, folder, {"PYTHONPATH": str(Path(__file__).parents[1])})
        try:
            self._program.wait_until(lambda: listens(self.port), READY_DEADLINE_S)
        except BaseException:
            self.stop()
            raise


class Direct(Programs):
    """No gateway: what the others' overhead is reckoned from."""

    name = "direct"

    def start(self, folder: Path, upstream_url: str) -> GatewayTarget:
        port = int(upstream_url.rpartition(":")[2].partition("/")[0])
        return GatewayTarget(port, "/v1/chat/completions")


class OctavoGateway(Octavo):
    """As installed; each call is a job in its database."""

    def start(self, folder: Path, upstream_url: str) -> GatewayTarget:
        return GatewayTarget(super().start(folder, upstream_url).port, "/generators/bench/v1/chat/completions")


class LiteLlm(Programs):
    """One worker, no database, no retries, no telemetry: the leanest it has."""

    name = "litellm"

    def __init__(self, environment: Path) -> None:
        """`environment`: the folder of its virtual environment."""
        super().__init__()
        self._environment = environment.absolute()

    def start(self, folder: Path, upstream_url: str) -> GatewayTarget:
        program = self._environment / "bin" / "litellm"
        if not program.exists():
            raise StartError(f"LiteLLM is not in {self._environment}; peers/litellm/README.md says how it gets there")
        port = free_port()
        command = [str(program), "--config", str(LITELLM_CONFIG), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        environment = {
            "BENCH_UPSTREAM_URL": upstream_url,
            # Nothing is fetched from anywhere, nothing told to anyone, and no call is written to a log.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "LITELLM_LOG": "ERROR",
        }
        try:
            started = self.add(Program("litellm", command, folder, environment))
            started.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/liveliness"), LITELLM_READY_S, every_s=0.2)
        except BaseException:
            self.stop()
            raise
        return GatewayTarget(port, "/v1/chat/completions")
