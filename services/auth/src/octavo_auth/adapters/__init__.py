"""How the domain's ports are met: SQL, Redis, SMTP, WhatsApp, OpenID Connect."""
