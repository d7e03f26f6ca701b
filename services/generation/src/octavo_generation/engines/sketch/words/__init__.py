"""The words that the sketch reader knows, one JSON file per language: kind of thing, place, hour… to the words for it."""
