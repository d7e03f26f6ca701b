"""`kubectl octavo`, the same as `octavo kube`: generators in a cluster, by the caller's own kubectl and with the caller's own rights."""
