"""What the figures were measured on, as far as it changes them."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, str]:
    """Processor, cores, kernel, Python, the libraries that matter, and how busy the machine was."""
    info = Path("/proc/cpuinfo")
    models = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return {
        "processor": models[0].partition(": ")[2] if models else platform.processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "uvloop", "SQLAlchemy")),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }
