"""The activator: a small process that always stands and answers for generators that sleep."""
