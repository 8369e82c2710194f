"""Runs of recipes: training, evaluation, cards, and the collection of the project."""
