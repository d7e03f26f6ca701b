"""All HTTP services in one process on one port, as a laptop runs them: the same paths that the ingress has in a cluster."""
