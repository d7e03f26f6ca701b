"""Our words into OpenAI's and back; pure functions, which Azure's provider uses too."""
