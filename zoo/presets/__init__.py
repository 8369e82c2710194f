"""Presets: their cards, their folders, where they lie, and how they are loaded and saved."""
