"""Prints genai-prices' data as JSON: python3 -c SCRIPT PACKAGE_DIR NAMES_FILE.

The package's data is Python source, so Python reads it; its own types (and pydantic) are not needed.
NAMES_FILE holds {provider: [model names]}; the answer says which model each name matches.
"""

import json
import pathlib
import re
import sys
from decimal import Decimal

CLASSES = {
    "input_mtok": "input_text",
    "cache_read_mtok": "input_cache_read",
    "cache_write_mtok": "input_cache_write_5m",
    "cache_write_5m_mtok": "input_cache_write_5m",
    "cache_write_1h_mtok": "input_cache_write_1h",
    "input_audio_mtok": "input_audio",
    "input_image_mtok": "input_image",
    "output_mtok": "output_text",
    "output_reasoning_mtok": "output_reasoning",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
    "requests_kcount": "request",
    "web_searches_kcount": "search",
}


class Node:
    """Stands for every class of the package: keeps what it was called with."""

    def __init__(self, *values, **fields):
        self.values = values
        self.fields = fields

    def get(self, name, default=None):
        return self.fields.get(name, default)


def load(package, module):
    source = (package / f"{module}.py").read_text(encoding="utf-8").replace("from .types import *", "")
    names = {}
    for name in set(re.findall(r"\b([A-Z][A-Za-z]+)\(", source)) - {"Decimal"}:
        names[name] = type(name, (Node,), {})
    exec(compile(source, module, "exec"), names)
    return names


def matches(clause, name):
    kind, fields = type(clause).__name__, clause.fields
    if kind == "ClauseStartsWith":
        return name.startswith(fields["starts_with"])
    if kind == "ClauseEndsWith":
        return name.endswith(fields["ends_with"])
    if kind == "ClauseContains":
        return fields["contains"] in name
    if kind == "ClauseEquals":
        return name == fields["equals"]
    if kind == "ClauseRegex":
        return re.search(fields["regex"], name) is not None
    parts = fields.get("or_") or fields.get("and_") or (clause.values[0] if clause.values else None)
    if kind == "ClauseOr":
        return any(matches(part, name) for part in parts)
    if kind == "ClauseAnd":
        return all(matches(part, name) for part in parts)
    raise SystemExit(f"genai_prices.py: unknown clause {kind}")


def text(value):
    return format(value.normalize(), "f")


def prices(model_price, units):
    """Dollars per unit: classes of ours with base and tiers, other prices by their own name."""
    classes, extras = {}, {}
    for key, value in model_price.fields.items():
        if value is None:
            continue
        per = units[key]
        if isinstance(value, Node):
            base, tiers = value.get("base"), [[tier.get("start"), text(tier.get("price") / per)] for tier in value.get("tiers")]
        else:
            base, tiers = value, []
        if key in CLASSES:
            classes[CLASSES[key]] = {"base": text(base / per), "tiers": sorted(tiers)}
        else:
            extras[key] = text(base / per)
    return {"classes": classes, "extras": extras}


def start_of(entry):
    constraint = entry.get("constraint") or (entry.values[0] if entry.values else None)
    if constraint is None:
        return None
    if type(constraint).__name__ == "StartDateConstraint":
        return constraint.get("start_date").isoformat()
    return "hours"


def periods(model, units):
    """Prices by the day from which they hold; and whether some hold only in hours of the day."""
    listed = model.get("prices")
    if not isinstance(listed, list):
        return [{"from": None, **prices(listed, units)}], False
    dated = [(start_of(entry), entry.get("prices")) for entry in listed]
    by_day = [(start, price) for start, price in dated if start != "hours"]
    # The last entry that has begun counts; before all of them, the first.
    always = [price for start, price in by_day if start is None]
    found = [{"from": None, **prices(always[-1] if always else dated[0][1], units)}]
    for day in sorted({start for start, _ in by_day if start is not None}):
        begun = [price for start, price in by_day if start is None or start <= day]
        found.append({"from": day, **prices(begun[-1], units)})
    return found, len(by_day) < len(dated)


def variants(model, units):
    for variant in model.get("price_variants") or []:
        start = start_of(variant)
        if start != "hours":
            yield {"when": variant.get("when"), "from": start, **prices(variant.get("prices"), units)}


def main():
    package, names = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
    units = {unit["price_key"]: unit["per"] for unit in load(package, "data_units")["unit_data"].values()}
    answer = {}
    for provider in load(package, "data")["providers"]:
        models = {}
        for model in provider.get("models"):
            found, has_hours = periods(model, units)
            models[model.get("id")] = {
                "context": model.get("context_window"),
                "periods": found,
                "hours": has_hours,
                "variants": list(variants(model, units)),
            }
        matched = {}
        for name in names.get(provider.get("id"), []):
            for model in provider.get("models"):
                if matches(model.get("match"), name.lower()):
                    matched[name] = model.get("id")
                    break
        answer[provider.get("id")] = {"models": models, "matches": matched}
    json.dump(answer, sys.stdout, sort_keys=True)


main()
