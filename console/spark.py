"""Charts of failures by hour: where each bar stands, its axes, and the same in words for whoever does not see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Bar:
    """One hour: its number, and the bar's place and height in the drawing."""

    at: datetime
    n: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    """Bars of equal width over some hours. `top` is what the axis ends with."""

    bars: list[Bar]
    width: float
    height: float
    step: float
    top: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(bar.n for bar in self.bars)

    @property
    def outline(self) -> str:
        """All bars as one path: a list draws hundreds of them."""
        wide = round(self.step - 1, 2)
        return "".join(f"M{bar.x} {bar.y}h{wide}v{bar.height}h-{wide}z" for bar in self.bars if bar.n)

    @property
    def words(self) -> str:
        """The chart as a sentence."""
        if not self.total:
            return f"No failure in {len(self.bars)} hours"
        peak = max(self.bars, key=lambda bar: bar.n)
        often = f"{self.total:,} failure{'' if self.total == 1 else 's'} in {len(self.bars)} hours"
        return f"{often}, most at {peak.at:%H}:00 UTC ({peak.n:,})"

    @property
    def ticks(self) -> list[Bar]:
        """The hours that the axis names: noon and midnight."""
        return [bar for bar in self.bars if bar.at.hour in (0, 12)]


def chart(hours: Mapping[datetime, int], now: datetime, count: int, width: float, height: float) -> Chart:
    """The last so many hours up to now."""
    last = now.replace(minute=0, second=0, microsecond=0)
    moments = [last - HOUR * back for back in range(count - 1, -1, -1)]
    top = _round(max([hours.get(at, 0) for at in moments], default=0))
    step = width / count
    bars = []
    for place, at in enumerate(moments):
        n = hours.get(at, 0)
        tall = max(height * n / top, 1.0) if n else 0.0
        bars.append(Bar(at, n, round(place * step, 2), round(height - tall, 2), round(tall, 2)))
    return Chart(bars, width, height, step, top)


def _round(most: int) -> int:
    """A number above this one that reads well on an axis."""
    scale = 1
    while True:
        for one in (1, 2, 5):
            if one * scale >= most:
                return one * scale
        scale *= 10
