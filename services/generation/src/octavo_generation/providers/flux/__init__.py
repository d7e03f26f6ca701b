"""Black Forest Labs' API: a task is submitted, asked about until it is ready, and its picture fetched from a signed URL."""
