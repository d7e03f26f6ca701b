"""Pictures that generators make: the prompts they are asked for with, and how they are kept, found, signed for and deleted."""
