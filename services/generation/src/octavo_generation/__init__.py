"""A generator's API and worker: routes, tasks, engines and providers. What it generates and with what, the resource says."""
