"""What only computes: forms from schemas, stages from jobs, where a login may return to."""
