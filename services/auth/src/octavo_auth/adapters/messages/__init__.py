"""How messages leave: by SMTP, by WhatsApp's Cloud API, or into the catcher of a laptop."""
