"""What `benchmarks/text.py` sets side by side: one way of serving a model in a file, each in a process of its own."""
