"""The local model's process: `python -m deskbell_relay.ai.local.server`. Not for people: `engine.py` starts it.

Reads one JSON line `{"model": path, "key": secret}` from standard input, writes `{"url": …}` when it serves, and ends
when its input does: so it never outlives the relay. The key comes by the pipe, since others can read arguments.
"""

import contextlib
import json
import os
import sys

MOST_TOKENS = 512
"""Of an answer: so small a model may never find an end."""

PROMPT_BATCH = 32
"""Tokens of a prompt that are read in one go: nothing, a Stop neither, is heard of in between. The engine's own 2,048 took
2.4 s of processor time after a Stop, these 0.2 to 0.3 s, for about 15 % more time to read a prompt.
"""


def main() -> None:
    """Serve until standard input ends."""
    # llama.cpp writes to standard output what it likes; our one line needs it clean.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = json.loads(sys.stdin.readline())
    import xllamacpp  # the engine itself: late, so that a broken installation is told from a broken request

    params = xllamacpp.CommonParams()
    params.model.path = asked["model"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [asked["key"]]
    params.n_ctx = 4 * 4096
    params.n_parallel = 4
    params.n_batch = params.n_ubatch = PROMPT_BATCH
    params.n_predict = MOST_TOKENS
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 1) - 1)  # one is the relay's
    params.sampling.temp, params.sampling.top_p = 0.2, 0.9  # as SmolLM2's own page recommends
    params.sampling.penalty_repeat = 1.1
    params.n_gpu_layers = 0
    params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    answers.write(json.dumps({"url": server.listening_address}) + "\n")
    answers.flush()
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C in a terminal reaches the relay's children too
        while sys.stdin.read(1):
            pass
    os._exit(0)  # at once: the relay that asked has gone, or wants it gone


if __name__ == "__main__":
    main()
