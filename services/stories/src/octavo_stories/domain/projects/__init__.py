"""Projects: what several scripts belong to, with their characters, notes and episodes."""
