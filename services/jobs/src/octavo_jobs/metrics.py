"""What jobs tell Prometheus. One family each; the label `queue` is the generator's name."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

ACCEPTED = Counter("octavo_jobs_accepted_total", "Jobs accepted, repeats of an idempotency key not counted.", ["queue"])
REFUSED = Counter("octavo_jobs_refused_total", "Jobs refused because the queue was full.", ["queue"])
ENDED = Counter("octavo_jobs_ended_total", "Jobs ended, by state.", ["queue", "state"])
RETRIED = Counter("octavo_jobs_retried_total", "Attempts that failed and will be tried again.", ["queue"])
FENCED = Counter("octavo_jobs_fenced_total", "Results thrown away because another attempt owned the job.", ["queue"])
WAIT = Histogram("octavo_job_wait_seconds", "From acceptance to the first attempt's start.", ["queue"], buckets=_SECONDS)
RUN = Histogram("octavo_job_run_seconds", "One attempt's run.", ["queue"], buckets=_SECONDS)
LEASES_LOST = Counter("octavo_job_leases_lost_total", "Leases taken back by the reaper.", ["queue"])
RUNG_AGAIN = Counter("octavo_jobs_rung_again_total", "Jobs that the reaper rang the bell for.", ["queue"])
PUBLISHED_AGAIN = Counter("octavo_events_published_again_total", "Transitions that the reaper published.", ["queue"])
