"""`/api/projects`: projects and their episodes over HTTP."""

PREFIX = "/api/projects"
