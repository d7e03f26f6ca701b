"""What the routes stand on: nouns, ports, and what an admin may do. No framework, no network."""
