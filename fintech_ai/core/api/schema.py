"""What every operation of the OpenAPI document says beside its own: the problems that it may answer with."""

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from fintech_ai.core.api.problems import MEDIA_TYPE, TITLES


class FaultSerializer(serializers.Serializer):
    """One thing that is wrong with what was sent."""

    pointer = serializers.CharField(help_text="JSON pointer (RFC 6901) to the field.")
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """A problem (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(help_text="What to do about it; for people.")
    errors = FaultSerializer(many=True, required=False)
    request_id = serializers.CharField()


class ProblemAutoSchema(AutoSchema):
    """Adds the problems that any operation, or any of its kind, may answer with."""

    def _get_response_bodies(self, direction: str = "response") -> dict:
        bodies = super()._get_response_bodies(direction)
        for status in self._problem_statuses():
            bodies[str(status)] = self._problem_body(status)
        return bodies

    def _problem_statuses(self) -> list[int]:
        statuses = [401, 403, 429]
        if self.method == "POST":
            statuses += [400, 409, 411, 413, 415, 422]
        else:
            statuses += [400]
        if "{" in self.path:
            statuses.append(404)
        return sorted(statuses)

    def _problem_body(self, status: int) -> dict:
        component = self.resolve_serializer(ProblemSerializer, "response")
        return {
            "description": TITLES.get(status, "The request contradicts what is stored"),
            "content": {MEDIA_TYPE: {"schema": component.ref}},
        }
