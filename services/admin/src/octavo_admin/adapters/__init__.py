"""The ports over HTTP, over the store of jobs, over files, over the Kubernetes API and over Loki."""
