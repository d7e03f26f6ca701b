"""The administration: pages for admins alone, all of them over the admin API. What they show stays fresh while one looks at it."""
