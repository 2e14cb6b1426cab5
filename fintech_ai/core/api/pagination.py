"""Pages by cursor: stable while rows are added, and as quick at the end as at the start."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Newest first by id, which is a UUIDv7 and so in order of time. `next` and `previous` are whole addresses."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    invalid_cursor_message = "The cursor is not one that we gave. Start without one."


class OldestFirst(NewestFirst):
    """The audit trail, in the order in which it was written."""

    ordering = "seq"
