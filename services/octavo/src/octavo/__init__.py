"""The command `octavo` and the laptop runner. The only package that may import the services."""
