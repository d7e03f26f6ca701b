"""A grammar that says the same sentence in English, Spanish and Portuguese at once: what `builtin://tiny-translator` is trained on."""
