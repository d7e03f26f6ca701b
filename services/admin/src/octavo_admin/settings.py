"""What the service reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from octavo_core.http.serving import ServiceSettings


class AdminSettings(ServiceSettings):
    auth_url: str = Field("http://127.0.0.1:8080", description="Where auth is: this address before /api/auth.")
    service_token_url: str | None = Field(None, description="Where the service gets its token to call others: auth's /service-token.")
    service_secret: SecretStr | None = Field(None, description="The service's own secret, for OCTAVO_SERVICE_TOKEN_URL.")
    service_urls: dict[str, str] = Field(
        default_factory=dict,
        description="The platform's services, JSON object: name to the address of its readiness (http://…/api/auth/health/ready).",
    )
    kubernetes_url: str | None = Field(None, description="The Kubernetes API; left out: as the pod's service account says.")
    kubernetes_token_file: Path = Field(
        Path("/var/run/secrets/kubernetes.io/serviceaccount/token"), description="File with the token for it, read again as it changes."
    )
    kubernetes_ca_file: Path = Field(
        Path("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"), description="Certificate of the authority that it is checked by."
    )
    namespaces: list[str] = Field(
        default_factory=list, description="Namespaces that are looked into, JSON list; empty: all, which takes a ClusterRole."
    )
    log_selector: str = Field("app.kubernetes.io/part-of=octavo", description="Label selector of the pods whose logs are searched.")
    log_lines: int = Field(5_000, ge=100, le=100_000, description="How many of a pod's newest lines a search looks at, at most.")
    loki_url: str | None = Field(None, description="Loki, asked for logs in the Kubernetes API's stead.")
    loki_selector: str = Field('{app_kubernetes_io_part_of="octavo"}', description="Stream selector of Octavo's lines in Loki.")
    loki_tenant: str | None = Field(None, max_length=200, description="Tenant (X-Scope-OrgID), where Loki has several.")
    loki_token: SecretStr | None = Field(None, description="Bearer token, where Loki stands behind a gateway that asks for one.")
    tails_at_once: int = Field(16, ge=1, le=256, description="How many live tails may be open in a process.")
