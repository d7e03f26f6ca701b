"""What a managed cluster's node brings and this one lacks: folders for volume claims, and enforcement of network policies."""
