"""The durable job: accepted once, ended once, whatever dies. Knows nothing of generators."""
