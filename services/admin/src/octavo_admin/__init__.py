"""The admin API: what runs, what waits, what it costs, what it logs, who is there, and who did what."""
