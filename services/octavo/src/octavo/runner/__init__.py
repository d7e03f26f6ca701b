"""The laptop runner behind `octavo up`: Redis, one HTTP process, and worker processes that come with work and go without it."""
