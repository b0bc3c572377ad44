"""How often people may act: what writes a file is counted by browser or link, so that no loop fills the disk.

Names are not counted: whoever writes somebody else's name must not be able to lock them out. A browser that drops its cookie
starts anew, and meets the limit for everybody together.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
EACH, ALL = 20, 200  # actions in a minute: of one browser or link, and of everybody together
_REMEMBERED = 4096  # browsers and links


class Pace:
    """Counts the actions of the last minute. Safe for threads; each process counts for itself."""

    def __init__(self, each: int = EACH, everybody: int = ALL) -> None:
        self.each = each
        self._lock = threading.Lock()
        self._all: deque[datetime] = deque(maxlen=everybody)
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, who: str, now: datetime) -> int:
        """Count an action of a browser or link; 0, or the seconds until the next one is allowed: then it is not counted."""
        with self._lock:
            own = self._seen.setdefault(who, deque(maxlen=self.each))
            self._seen.move_to_end(who)
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            seconds = max(_left(own, now), _left(self._all, now))
            if not seconds:
                own.append(now)
                self._all.append(now)
            return seconds


def _left(times: deque[datetime], now: datetime) -> int:
    """Seconds until the oldest of as many actions as are allowed is a minute old."""
    if len(times) < (times.maxlen or 0):
        return 0
    return max(0, math.ceil((times[0] + MINUTE - now).total_seconds()))
