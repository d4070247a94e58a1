"""Training measured in seconds of work, not in steps: a run fits its time budget on any machine, and a paused process loses nothing.

    rate
      1 |  /-------------------------------\\
        | /                                  \\
      0 |/____________________________________\\
         warm-up            hold         decay       progress 0 .. 1
"""
from dataclasses import dataclass, field
from statistics import median


@dataclass
class TimeBudget:
    minutes: float
    accumulated: float = 0.0  # seconds of training so far
    recent: list = field(default_factory=list)

    @property
    def progress(self):
        return min(1.0, self.accumulated / (self.minutes * 60))

    def add_step(self, seconds):
        """A step that took many times the usual was paused (SIGSTOP, a checkpoint on a slow disk): count a few usual ones."""
        if len(self.recent) >= 5:
            seconds = min(seconds, 4 * median(self.recent))
        self.recent = (self.recent + [seconds])[-50:]
        self.accumulated += seconds


@dataclass
class DeadlineBudget:
    """Progress that reaches 1 at a time of day, however much of the machine others take. A pause moves nothing; what is left of the schedule is then run through faster."""
    progress: float = 0.0
    recent: list = field(default_factory=list)

    def add_step(self, seconds, seconds_left):
        """seconds: what the step took; seconds_left: from now to the deadline."""
        if len(self.recent) >= 5:
            seconds = min(seconds, 4 * median(self.recent))
        self.recent = (self.recent + [seconds])[-50:]
        self.progress = 1.0 if seconds_left <= 0 else self.progress + (1 - self.progress) * seconds / (seconds + seconds_left)


def rate_factor(progress, warm_up=0.02, decay=0.35):
    if progress < warm_up:
        return max(0.02, progress / warm_up)
    return min(1.0, max(0.0, (1.0 - progress) / decay))


def staged(progress, stages):
    """stages: [(end of progress, value), ...] in order -> the value in force. Used for windows, batch sizes and shares."""
    for end, value in stages:
        if progress < end:
            return value
    return stages[-1][1]
