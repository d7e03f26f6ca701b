"""Where documents and pictures lie, and with what a service calls others, for the settings of every service that keeps some."""

from __future__ import annotations

from pydantic import Field, SecretStr

from octavo_core.errors import Misconfigured
from octavo_core.http.serving import ServiceSettings
from octavo_core.identity import ActingTokens, NoTokens, ServiceTokens


class DocumentSettings(ServiceSettings):
    documents_url: SecretStr | None = Field(
        None, description="Documents: sqlite:///PATH or mongodb://…/NAME; default SQLite in OCTAVO_HOME."
    )
    documents_timeout_seconds: float = Field(5.0, gt=0, le=60, description="How long a call on the documents' database may take.")
    pictures_url: str | None = Field(
        None,
        description="Pictures: file:///PATH, s3://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX; default a folder in OCTAVO_HOME.",
    )

    service_token_url: str | None = Field(
        None, description="Where the service gets tokens to call generators on behalf of people; none where they ask for none."
    )
    service_secret: SecretStr | None = Field(None, description="The service's own secret, for OCTAVO_SERVICE_TOKEN_URL.")

    def acting_tokens(self, service: str) -> ActingTokens:
        """Raises `Misconfigured` for an address without a secret."""
        if self.service_token_url is None:
            return NoTokens()
        if self.service_secret is None:
            raise Misconfigured("OCTAVO_SERVICE_SECRET must hold the service's secret for OCTAVO_SERVICE_TOKEN_URL")
        return ServiceTokens(self.service_token_url, client_id=service, client_secret=self.service_secret.get_secret_value())

    def documents_address(self) -> str:
        if self.documents_url is not None:
            return self.documents_url.get_secret_value()
        return f"sqlite:///{(self.home / 'documents.db').resolve()}"

    def pictures_address(self, service: str) -> str:
        return self.pictures_url or (self.home / "pictures" / service).resolve().as_uri()
