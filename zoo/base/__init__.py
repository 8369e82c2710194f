"""Lookup by name, records, backends and signals: the ground floor, which does not import Keras."""
