"""One module for each provider: four pure functions and its limits; README.md states the rule."""
