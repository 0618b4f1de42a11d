"""`local.run`: runs one of the actions that the person has set up."""

from deskbell_daemon.actions.context import LiveContext
from deskbell_daemon.gate.performance import Stopped
from deskbell_daemon.local_actions.output import fitted
from deskbell_wire.errors import Problem
from deskbell_wire.local import LocalActionOutput, RunLocalAction

_LAST_CHARACTERS = 1_000
_OUTPUT_JSON, _ERROR_JSON = 75_000, 15_000
"""Together with the rest of a result, below the 100,000 characters that a GPT takes."""


async def perform(args: RunLocalAction, context: LiveContext) -> LocalActionOutput:
    """Raises Problem, and Stopped when it was ended because somebody wanted that."""
    ending = await context.local.run(args, context.tell, context.stopped)
    if ending.by == "stopped":
        raise Stopped
    if ending.by == "deadline":
        printed = (ending.error_output or ending.output).strip()[-_LAST_CHARACTERS:]
        said = f" It last printed: {printed}" if printed else " It had printed nothing."
        raise Problem("action_timeout", f"{args.name} was ended after {ending.seconds:.0f} seconds.{said}")
    output, error_output = fitted(ending.output, _OUTPUT_JSON), fitted(ending.error_output, _ERROR_JSON)
    return LocalActionOutput(
        exit_code=ending.exit_code,
        output=output,
        error_output=error_output,
        truncated=ending.truncated or (output, error_output) != (ending.output, ending.error_output),
        seconds=ending.seconds,
    )
