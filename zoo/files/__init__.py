"""Files on this machine and elsewhere: `ZOO_HOME`, downloads, URLs. No Keras."""
