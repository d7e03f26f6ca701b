"""The policy around any provider: fallback, circuit, budget, concurrency, rates. The ports that it stands on are in `providers`."""
