"""`python -m octavo_activator`."""

from octavo_activator.main import main

main()
