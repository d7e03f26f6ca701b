"""The reference page of all prices that budgets are reckoned with, from the profiles: `python -m octavo.price_reference docs/reference`."""

from __future__ import annotations

import sys
from pathlib import Path

from octavo_core.spec.providers import PROVIDER_TYPES
from octavo_generation.providers.profile import ModelProfile, Price, profile_of

_PAGE = "prices.md"
_HEAD = """\
# Prices

What budgets in US dollars are reckoned with, from the profiles in `octavo_generation/providers/profiles/`. They are no bill: vendors
change prices, and these are as the source had them on the date. **vendor** is the vendor's own list; **public tables** are kept by
others for many vendors, so check them before a budget relies on them. A provider's own `price` in the resource counts before them.

A model that is not here has no known price: with a budget in US dollars its generator does not start, and says so, until the resource
gives the price (`price: {}` where it costs nothing); without one its calls go through, their tokens are counted, and `cost_usd` is
absent. Azure OpenAI, Midjourney gateways and `openai-compatible` servers have no price here at all; `sketch` and AUTOMATIC1111 cost
nothing. This page is written by `./task crds`.
"""
_COLUMNS = "| Model | In, per million tokens | Out, per million tokens | Per picture | As of | Source |\n|---|---|---|---|---|---|\n"
_SOURCES = {"vendor": "vendor", "public-tables": "public tables", "resource": "resource"}


def render() -> str:
    parts = [_HEAD]
    for kind in PROVIDER_TYPES:
        rows = [_row(name, model, model.price) for name, model in profile_of(kind).models.items() if model.price is not None]
        if rows:
            parts.append(f"## {kind}\n\n{_COLUMNS}" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def write(folder: Path) -> Path:
    path = folder / _PAGE
    path.write_text(render(), encoding="utf-8")
    return path


def _row(name: str, model: ModelProfile, price: Price) -> str:
    retired = f" (until {model.retired.on}; successor {model.retired.successor or 'unnamed'})" if model.retired else ""
    pictures = ", ".join(f"{what} {amount}" for what, amount in price.per_image.items())
    cells = (f"`{name}`{retired}", price.input_per_million, price.output_per_million, pictures, price.as_of, _SOURCES[price.source])
    return f"| {' | '.join('–' if cell in (None, '') else str(cell) for cell in cells)} |"


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))}\n")
