"""The ground floor: lookup by name, records, backends, signals. No Keras."""
