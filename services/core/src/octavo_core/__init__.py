"""What every part of Octavo shares: the resource, errors, settings, identity, telemetry, and the HTTP application factory."""
