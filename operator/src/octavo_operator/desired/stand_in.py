"""EndpointSlice `{name}-activator`: leads the API's Service to the activator while the API cannot answer for itself."""

from __future__ import annotations

import ipaddress

from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject


def endpoint_slice(subject: Subject) -> list[Json]:
    """A slice has addresses of one family: that of the first."""
    stand_in = subject.situation.stand_in
    if stand_in is None or not stand_in.addresses:
        return []
    version = _version(stand_in.addresses[0])
    addresses = [address for address in stand_in.addresses if _version(address) == version]
    name = names.activator(subject.name)
    manifest = subject.child(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        name,
        "activator",
        addressType=f"IPv{version}",
        ports=[{"name": names.HTTP_PORT_NAME, "port": stand_in.port, "protocol": "TCP"}],
        endpoints=[{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
    )
    manifest["metadata"]["labels"] |= {
        "kubernetes.io/service-name": names.api(subject.name),
        # the cluster's own controller leaves it alone
        "endpointslice.kubernetes.io/managed-by": names.MANAGER,
    }
    return [manifest]


def _version(address: str) -> int:
    return ipaddress.ip_address(address).version
