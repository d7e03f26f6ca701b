"""Sample answers in the vendors' wire formats, with latency, failures, limits and refusals to script. Nothing in here thinks or paints for real."""
