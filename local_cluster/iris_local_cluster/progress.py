"""Prints the steps of a run, with their durations and whether they were cached.

On a terminal the running steps are drawn live below the finished ones; elsewhere (a log, CI) a step is
one line at its end, plus one at its start and one every minute once it turns out to be slow.
Writes to standard error only, so that standard output holds results only.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

_SLOW_SECONDS = 3.0
_REMINDER_SECONDS = 60.0

_MARKS = {"done": ("✓", "green"), "cached": ("✓", "cyan"), "failed": ("✗", "red"), "stopped": ("■", "yellow")}


class Step:
    """One running step; its methods may be called from any thread."""

    def __init__(self, title: str, *, depth: int, started: float) -> None:
        self.title = title
        self.depth = depth
        self.started = started
        self.detail = ""
        self.outcome = "done"
        self.remark = ""
        self.spinner = Spinner("dots", style="cyan")

    def note(self, detail: str) -> None:
        """Show the current activity; replaces the last note and is not kept."""
        self.detail = detail

    def cached(self, remark: str = "cached") -> None:
        """The step had nothing to do."""
        self.outcome = "cached"
        self.remark = remark

    def result(self, remark: str) -> None:
        """Set the text on the step's line when it has finished."""
        self.remark = remark


class Progress:
    """All steps of a run; nested steps are indented below the open step of their thread."""

    def __init__(
        self,
        console: Console | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        slow_seconds: float = _SLOW_SECONDS,
    ) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        self._slow_seconds = slow_seconds
        self._lock = threading.RLock()
        self._running: list[Step] = []
        self._depth = threading.local()
        self._live: Live | None = None

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the block runs; an exception or Ctrl-C marks it and is raised again."""
        depth = getattr(self._depth, "value", 0)
        step = Step(title, depth=depth, started=self._clock())
        self._depth.value = depth + 1
        reminder = self._begin(step)
        try:
            yield step
        except KeyboardInterrupt:
            step.outcome, step.remark = "stopped", "stopped"
            raise
        except BaseException:
            step.outcome, step.remark = "failed", "failed"
            raise
        finally:
            self._depth.value = depth
            reminder.set()
            self._end(step)

    def say(self, message: RenderableType) -> None:
        """Print above the running steps."""
        with self._lock:
            self.console.print(message, soft_wrap=True)

    def _begin(self, step: Step) -> threading.Event:
        finished = threading.Event()
        with self._lock:
            self._running.append(step)
            if self.console.is_terminal and self._live is None:
                self._live = Live(
                    get_renderable=self._draw, console=self.console, refresh_per_second=8, transient=True
                )
                self._live.start()
        if not self.console.is_terminal:
            threading.Thread(target=self._remind, args=(step, finished), daemon=True).start()
        return finished

    def _end(self, step: Step) -> None:
        with self._lock:
            self._running.remove(step)
            self.say(self._finished(step))
            if not self._running and self._live is not None:
                self._live.stop()
                self._live = None

    def _remind(self, step: Step, finished: threading.Event) -> None:
        wait = self._slow_seconds
        while not finished.wait(wait):
            self.say(_line("…", "dim", step, [duration(self._clock() - step.started), step.detail]))
            wait = _REMINDER_SECONDS

    def _finished(self, step: Step) -> Text:
        mark, style = _MARKS[step.outcome]
        return _line(mark, style, step, [duration(self._clock() - step.started), step.remark])

    def _draw(self) -> RenderableType:
        # No lock here: Live calls this with its lock held, while `say` may hold ours and wait for Live's.
        lines: list[RenderableType] = []
        for step in tuple(self._running):
            text = _line("", "", step, [duration(self._clock() - step.started), step.detail])
            text.truncate(max(20, self.console.width - 4), overflow="ellipsis")
            step.spinner.update(text=text)
            lines.append(step.spinner)
        return Group(*lines)


def duration(seconds: float) -> str:
    """A short duration: 0.4 s, 42 s, 6 min 07 s."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def _line(mark: str, style: str, step: Step, remarks: list[str]) -> Text:
    text = Text("  " * step.depth)
    if mark:
        text.append(f"{mark} ", style=style)
    text.append(step.title)
    text.append("  " + " · ".join(remark for remark in remarks if remark), style="dim")
    return text
