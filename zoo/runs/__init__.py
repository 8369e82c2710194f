"""Runs of recipes: training, evaluation, cards, and the shelf of the project."""
