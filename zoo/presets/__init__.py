"""Presets: cards, folders and hubs, and the functions that find, load, save and upload them."""
