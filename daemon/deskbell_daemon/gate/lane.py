"""Jobs in their order: what is ready, what runs, and what may start next."""

from collections import deque

from deskbell_daemon.gate.job import Job, conflict


class Lane:
    """Strictly from the head: what cannot start yet holds back what came after it. At most `most` run side by side."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ready: deque[Job] = deque()
        self._running: dict[str, Job] = {}

    def __len__(self) -> int:
        """How many are ready or running."""
        return len(self._ready) + len(self._running)

    @property
    def ready(self) -> int:
        return len(self._ready)

    def add(self, job: Job) -> None:
        self._ready.append(job)

    def next(self) -> Job | None:
        """The job that is to start now; it counts as running from here on."""
        if not self._ready or len(self._running) >= self._most:
            return None
        head = self._ready[0]
        if any(conflict(running, head) for running in self._running.values()):
            return None
        self._ready.popleft()
        self._running[head.id] = head
        return head

    def ended(self, job: Job) -> None:
        self._running.pop(job.id, None)

    def take(self, command_id: str) -> Job | None:
        """Remove a job that is ready and has not begun."""
        job = next((ready for ready in self._ready if ready.id == command_id), None)
        if job is not None:
            self._ready.remove(job)
        return job

    def clear(self) -> list[Job]:
        """Remove all that are ready."""
        jobs = list(self._ready)
        self._ready.clear()
        return jobs
