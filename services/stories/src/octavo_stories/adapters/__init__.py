"""How the domain's ports are met."""
