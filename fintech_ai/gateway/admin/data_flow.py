"""The data-flow map for the compliance officer: a drawing and a table for each endpoint, and every field."""

import csv
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from fintech_ai.core.admin import Page
from fintech_ai.gateway.data_flow import FieldRow, Flow, field_classes, field_rows, flows

# The drawing, in its own units: five boxes in a row, with arrows between them.
BOX_WIDTH, BOX_GAP, BOX_TOP, LINE_HEIGHT, PADDING = 176, 28, 8, 18, 12
MOST_LETTERS = 24
COLUMNS = ("source", "field", "class", "leaves for", "masked", "read by", "kept", "deleted by")


@dataclass(frozen=True)
class Line:
    """One line of text in a box."""

    y: int
    text: str


@dataclass(frozen=True)
class Box:
    """One station of the way. `closed`: nothing passes it now."""

    x: int
    title: str
    lines: tuple[Line, ...]
    closed: bool


@dataclass(frozen=True)
class Drawing:
    """All stations from left to right."""

    width: int
    height: int
    middle: int
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    box_width: int = BOX_WIDTH
    box_top: int = BOX_TOP

    @property
    def box_height(self) -> int:
        return self.height - 2 * BOX_TOP


def data_flow(request: HttpRequest) -> HttpResponse:
    """The whole map, or with ?format=csv its fields, those of the filter alone."""
    chosen = {name: request.GET.get(name, "") for name in ("endpoint", "vendor", "class", "leaves")}
    rows = [row for row in field_rows() if _is_wanted(row, chosen)]
    if request.GET.get("format") == "csv":
        return _as_csv(rows)
    found = flows()
    wanted = [
        flow
        for flow in found
        if chosen["endpoint"] in ("", flow.endpoint)
        and (not chosen["vendor"] or any(place.vendor == chosen["vendor"] for place in flow.destinations))
    ]
    query = request.GET.copy()
    query["format"] = "csv"
    context = {
        **admin.site.each_context(request),
        "title": "Data-flow map",
        "flows": [(flow, drawing(flow)) for flow in wanted],
        "endpoints": [flow.endpoint for flow in found],
        "vendors": sorted({place.vendor for flow in found for place in flow.destinations}),
        "classes": field_classes(),
        "rows": rows,
        "chosen": chosen,
        "csv_query": query.urlencode(),
        "reviews_url": reverse("admin:gateway_vendorreview_changelist"),
    }
    return TemplateResponse(request, "admin/gateway/data_flow.html", context)


def drawing(flow: Flow) -> Drawing:
    """The way of an endpoint's data as boxes."""
    places = flow.destinations
    open_places = [place for place in places if not place.problem]
    stations = [
        ("Stored here", [source.name for source in flow.sources], False),
        ("Kept back", [f"{flow.held_back} fields stay", f"{flow.plain} leave as they are"], False),
        (
            "Masked",
            [f"{flow.masked} fields of free text", "names, cards, …"] if flow.masked else ["nothing to mask"],
            False,
        ),
        (
            "Sent to",
            [line for place in open_places for line in (place.vendor, place.region or "region not said")]
            or ["nobody now"],
            not open_places,
        ),
        ("Checked, and read by", list(flow.readers), not open_places),
    ]
    most = max(len(lines) for _, lines, _ in stations)
    height = 2 * BOX_TOP + 2 * PADDING + (most + 1) * LINE_HEIGHT
    boxes = tuple(
        Box(
            x=number * (BOX_WIDTH + BOX_GAP),
            title=title,
            lines=tuple(
                Line(BOX_TOP + PADDING + (row + 2) * LINE_HEIGHT - 4, _short(text)) for row, text in enumerate(lines)
            ),
            closed=closed,
        )
        for number, (title, lines, closed) in enumerate(stations)
    )
    return Drawing(
        width=len(boxes) * (BOX_WIDTH + BOX_GAP) - BOX_GAP,
        height=height,
        middle=height // 2,
        boxes=boxes,
        arrows=tuple((box.x + BOX_WIDTH, box.x + BOX_WIDTH + BOX_GAP) for box in boxes[:-1]),
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def _is_wanted(row: FieldRow, chosen: dict[str, str]) -> bool:
    if chosen["endpoint"] and chosen["leaves"] == "yes" and chosen["endpoint"] not in row.leaves_for:
        return False
    return (
        chosen["class"] in ("", row.field_class)
        and (chosen["leaves"] != "yes" or bool(row.leaves_for))
        and (chosen["leaves"] != "no" or not row.leaves_for)
    )


def _as_csv(rows: list[FieldRow]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="data-flow-{timezone.localdate():%Y-%m-%d}.csv"'
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(
            [
                row.source,
                row.field,
                row.field_class,
                ", ".join(row.leaves_for),
                "yes" if row.masked else "",
                ", ".join(row.readers),
                row.kept,
                row.ended_by,
            ]
        )
    return response


admin.site.add_page(
    Page(
        route="data-flow/",
        name="data_flow",
        title="Data-flow map",
        about="Which field goes where, for what, to which vendor and region; who reads it here and how long it stays.",
        view=data_flow,
    )
)
