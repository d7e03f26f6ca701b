"""Measures Octavo against its peers, both in one run on one machine; nothing here is imported by the product."""
