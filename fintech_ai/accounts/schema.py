"""How the OpenAPI document describes authentication. Imported by AccountsConfig.ready()."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "fintech_ai.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema) -> dict:
        return {"type": "http", "scheme": "bearer", "description": "A token as `manage.py token_issue` prints it."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "fintech_ai.accounts.authentication.MemberSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema) -> dict:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "A member's session; changes need its CSRF token.",
        }
