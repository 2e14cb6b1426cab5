"""Pages by cursor: stable while rows are added, and as quick at the end as at the start."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Newest first by id, which is a UUIDv7 and so in order of time. `next` and `previous` are whole addresses."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    invalid_cursor_message = "The cursor is not one that we gave. Start without one."

    def get_paginated_response_schema(self, schema: dict) -> dict:
        """As OpenAPI 3.1 writes what may be null."""
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }


class OldestFirst(NewestFirst):
    """The audit trail, in the order in which it was written."""

    ordering = "seq"
