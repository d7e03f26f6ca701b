"""`spec.auth`: who may call this generator."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule
from octavo_core.spec.scalars import HttpUrl


class Auth(Model):
    """Tokens are checked by the generator itself, offline, with the issuer's public keys."""

    mode: Literal["none", "jwt", "oidc"] = Field(
        "none",
        description="none: anyone who reaches it may call it. jwt: a token of Octavo's own login. oidc: a token of another issuer, such as"
        " Entra ID (Azure AD), Keycloak or Auth0.",
    )
    issuer: HttpUrl | None = Field(
        None,
        description="The issuer whose tokens count (`iss`); its keys are found by OpenID discovery. Needed for oidc; for"
        " jwt the platform's own.",
    )
    audience: str | None = Field(
        None, min_length=1, max_length=253, description="The audience (`aud`) that a token must name. Left out: not checked."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="oidc needs its issuer",
            cel="self.mode != 'oidc' || has(self.issuer)",
            message="auth mode oidc needs the issuer, the URL of whoever signs the tokens",
            check=lambda auth: auth.mode != "oidc" or auth.issuer is not None,
            reads=("mode", "issuer"),
            at="issuer",
            missing=True,
            schema={"if": {"required": ["mode"], "properties": {"mode": {"enum": ["oidc"]}}}, "then": {"required": ["issuer"]}},
        ),
        Rule(
            # who writes an issuer means to close the door; leaving it open in silence would be the worst answer
            name="no issuer or audience on an open door",
            cel="self.mode != 'none' || (!has(self.issuer) && !has(self.audience))",
            message="issuer and audience say nothing in auth mode none; set mode to jwt or oidc",
            check=lambda auth: auth.mode != "none" or (auth.issuer is None and auth.audience is None),
            reads=("mode", "issuer", "audience"),
            at="mode",
            allowed="jwt, oidc",
        ),
    )
