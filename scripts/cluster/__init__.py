"""A real Kubernetes cluster for tests and for people: on kind where a container engine answers, else on this very host without Docker."""
