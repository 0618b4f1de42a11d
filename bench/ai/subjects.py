"""Who takes turns, in their order."""

from bench.ai.deskbell import DeskbellAi
from bench.ai.peers.litellm import LiteLlm
from bench.ai.peers.plain import Plain
from bench.ai.subject import AiSubject

SUBJECTS: tuple[AiSubject, ...] = (LiteLlm(), DeskbellAi(), Plain())
