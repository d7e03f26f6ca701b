"""What browsers are answered: pages, fragments of them, and the gateway to the other services."""
