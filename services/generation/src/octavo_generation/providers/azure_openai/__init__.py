"""Azure OpenAI: the same bodies as OpenAI's, at a deployment's own path, with a key header and a dated version."""
