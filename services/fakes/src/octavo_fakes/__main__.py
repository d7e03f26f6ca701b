"""`python -m octavo_fakes`."""

from octavo_fakes.main import main

main()
