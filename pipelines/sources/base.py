"""What a source is: typed fields and `collect`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from pipelines.plugin import Plugin
from pipelines.records import Cursor, Mention, Query, Rejected, Window


class Source(Plugin):
    """Base of all sources. A subclass in `pipelines/sources/<kind>.py` adds its fields and `collect`."""

    incremental: ClassVar[bool] = True  # gives what is new since its cursor; False: any past window, again and again
    simulated: ClassVar[bool] = False  # True: mentions are made up, and every page says so

    window: str = Field(
        default="15m", description="Width of one collection window: a number and m, h or d.", pattern=r"^\d+[mhd]$"
    )
    quiet_after: str = Field(
        default="6h", description="How long without a mention before the source counts as silent.", pattern=r"^\d+[mhd]$"
    )

    def period(self) -> tuple[datetime, datetime] | None:
        """Start and end of everything that this source can ever give; None where it goes on."""
        return None

    def collect(self, query: Query, window: Window) -> Iterator[Mention | Rejected | Cursor]:
        """Yield what the platform has for `window`, each mention any number of times, in any order.

        Raises:
            SourceError: RateLimited, AuthFailed or SourceUnavailable; the window is then not landed and is tried again.
        """
        raise NotImplementedError(f"{type(self).__name__}.collect")
