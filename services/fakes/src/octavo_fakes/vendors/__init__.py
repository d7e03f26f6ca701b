"""The wire formats, a file or a few for each vendor. What they say is in `octavo_fakes.texts` and `octavo_fakes.pictures`."""
