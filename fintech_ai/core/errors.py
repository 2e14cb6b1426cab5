"""The errors that services raise, each with a sentence that a person can read.

The edges translate them: `api` into RFC 9457 problem details, `views` into a message on the page.
"""


class AppError(Exception):
    """Base of all errors that a caller may be shown. `message` says what to do about it."""

    status = 400
    code = "bad-request"
    title = "The request cannot be carried out"

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class InvalidInput(AppError):
    """Something that was sent is wrong. `fields` maps a field's path to its messages."""

    status = 400
    code = "invalid-input"
    title = "The input is not valid"

    def __init__(self, message: str, *, fields: dict[str, list[str]] | None = None):
        super().__init__(message)
        self.fields = fields or {}


class NotAllowed(AppError):
    """The actor may see the thing, but may not do this to it."""

    status = 403
    code = "not-allowed"
    title = "You may not do this"


class NotFound(AppError):
    """There is no such thing, or none that this actor may know of."""

    status = 404
    code = "not-found"
    title = "Not found"


class Conflict(AppError):
    """The thing has changed, or somebody else holds it."""

    status = 409
    code = "conflict"
    title = "The request conflicts with the present state"


class Unprocessable(AppError):
    """Well formed, but it contradicts what is stored."""

    status = 422
    code = "unprocessable"
    title = "The request contradicts what is stored"
