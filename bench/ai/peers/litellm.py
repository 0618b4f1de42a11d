"""LiteLLM's proxy as a subject, in a virtual environment of its own: its pins are not ours.

One worker, no database, no callbacks, no look-ups in the network: the fastest that it offers.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path

from bench.ai.peers.direct import chat
from bench.ai.subject import AiSubject
from bench.hub import http
from bench.process import ROOT, child, free_port, listening, stop
from bench.scratch import scratch

VENV = ROOT / ".venv-litellm"
LOCK = Path(__file__).with_name("litellm.lock")
KEY = "sk-bench"
_START_S = 120


def install() -> None:
    """Make its environment from the lock, unless that has been done (some 750 MB, a minute or two)."""
    import subprocess  # only here: everything else is started by asyncio

    done = VENV / ".done"
    if done.exists() and done.read_bytes() == LOCK.read_bytes():
        return
    print("installing LiteLLM's proxy into .venv-litellm …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    pip: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    subprocess.run([*pip, "--require-hashes", "-r", LOCK], check=True)
    done.write_bytes(LOCK.read_bytes())


class LiteLlm(AiSubject):
    """The proxy with one model."""

    name = "LiteLLM's proxy"

    async def start(self, provider: str) -> None:
        await asyncio.to_thread(install)
        self._folder = scratch("ai-litellm")
        self.port = free_port()
        parameters = {"model": "openai/paced", "api_base": provider, "api_key": "none"}
        config = self._folder / "config.yaml"  # JSON is YAML
        config.write_text(
            json.dumps(
                {
                    "model_list": [{"model_name": "paced", "litellm_params": parameters}],
                    "litellm_settings": {"telemetry": False, "num_retries": 0},
                    "general_settings": {"master_key": KEY},
                }
            )
        )
        log = self._folder / "litellm.log"
        self._process = await child(
            "--config", str(config), "--host", "127.0.0.1", "--port", str(self.port), "--num_workers", "1",
            "--telemetry", "False",
            program=str(VENV / "bin" / "litellm"),
            environment={
                "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR",
                "PATH": f"{VENV / 'bin'}:/usr/bin:/bin",
            },
            log=log,
        )  # fmt: skip
        await listening(self.port, self._process, timeout=_START_S, log=log)
        self.pid = self._process.pid

    async def stop(self) -> None:
        await stop(self._process, patience=15)
        shutil.rmtree(self._folder)

    def request(self, prompt: str) -> bytes:
        return http(
            "POST",
            "/v1/chat/completions",
            chat("paced", prompt),
            Content_Type="application/json",
            Authorization=f"Bearer {KEY}",
        )
