"""Local models behind one port. Nothing here knows a job, a route or a queue."""
