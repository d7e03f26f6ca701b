"""`kubectl octavo jobs`: the list of jobs, through the API server's proxy of Services."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from octavo.commands.job_table import show_page
from octavo.commands.kube.kubectl import RESOURCE, Kubectl, name_of
from octavo_core.errors import Forbidden, Unavailable
from octavo_operator import names


def run(kubectl: Kubectl, given: str, status: Sequence[str], limit: int) -> None:
    name = name_of(given)
    resource = kubectl.json("get", RESOURCE, name)
    if (resource.get("status") or {}).get("api", {}).get("desired") == 0:
        # Asking would wake it: through the API server too its Service leads to the activator.
        raise Unavailable(f"{name} sleeps; `kubectl octavo wake {name}` wakes it, then ask again")
    if (resource["spec"].get("auth") or {}).get("mode", "none") != "none":
        raise Forbidden(
            f"{name} asks for a token (spec.auth.mode), and the API server passes none on; forward a port with"
            f" `kubectl port-forward service/{names.api(name)} 8080:80` and ask it with your token at /api/v1/jobs"
        )
    query = urlencode({"limit": limit, "status": list(status)}, doseq=True)
    service = f"{names.api(name)}:{names.HTTP_PORT_NAME}"
    show_page(kubectl.raw(f"/api/v1/namespaces/{kubectl.namespace}/services/{service}/proxy/api/v1/jobs?{query}"))
