"""Pictures of the pages for the README: python tests/dashboards/pictures.py --storage DIR --out docs/screenshots."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

DESK, PHONE = (1280, 900), (360, 800)
PICTURES = (
    ("brand-health", "/", "light", DESK), ("crisis", "/crisis", "light", DESK), ("crisis-dark", "/crisis", "dark", DESK),
    ("care", "/care", "light", DESK), ("advocacy", "/advocacy", "light", DESK), ("lab", "/lab", "light", DESK),
    ("sources", "/sources", "light", DESK),
    ("crisis-phone", "/crisis", "light", PHONE),
)


def main() -> None:
    """Take them, each of the first screen that a reader sees."""
    from conftest import ARGUMENTS, CHROMIUM, served
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with served(args.storage) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, path, scheme, (width, height) in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(address + path)
            page.wait_for_selector("main h1")
            page.wait_for_timeout(1500)  # charts are drawn after their numbers
            page.screenshot(path=args.out / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
