"""Bodies: functions that return a `keras.Model`."""
