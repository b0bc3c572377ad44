"""For gunicorn: EARSHOT_STORAGE=DIR gunicorn --workers 2 --threads 8 dashboards.wsgi:server.

EARSHOT_HOSTS names, with commas, the hosts under which the pages may be asked for. EARSHOT_LINK_SECRET is needed where
earshot.toml has a [links] secret: links in messages are checked with it. Do not preload: snapshots are opened
after the fork.
"""

from __future__ import annotations

import os
from pathlib import Path

from dashboards.app import LOCAL, create_app

server = create_app(
    Path(os.environ.get("EARSHOT_STORAGE", "earshot-data")).resolve(),
    hosts=(*LOCAL, *(h for h in os.environ.get("EARSHOT_HOSTS", "").split(",") if h)),
).server
