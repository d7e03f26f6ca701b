"""The operator: it reads GeneratorService resources and keeps the cluster as they say. It knows core only, never a service."""
