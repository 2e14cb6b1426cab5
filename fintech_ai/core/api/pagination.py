"""Pages by cursor: stable while rows are added, and as quick at the end as at the start."""

import uuid

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Newest first by id, which is a UUIDv7 and so in order of time. `next` and `previous` are whole addresses."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    invalid_cursor_message = "The cursor is not one that we gave. Start without one."

    position_type: type = uuid.UUID

    def decode_cursor(self, request: Request):
        """Raises ValidationError for a cursor that was made up: its position would reach the database."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                self.position_type(cursor.position)
        except (NotFound, ValueError):
            raise ValidationError({"cursor": [self.invalid_cursor_message]}) from None
        return cursor

    def get_page_size(self, request: Request) -> int:
        """Raises ValidationError for what is not a size that we serve."""
        if self.page_size_query_param not in request.query_params:
            return self.page_size
        asked = request.query_params[self.page_size_query_param]
        if not (asked.isascii() and asked.isdigit() and len(asked) < 9 and 1 <= int(asked) <= self.max_page_size):
            raise ValidationError({"page_size": [f"This must be a number from 1 to {self.max_page_size}."]})
        return int(asked)

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
    position_type = int
