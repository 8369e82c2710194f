"""Local files in `ZOO_HOME`, downloads and URLs; nothing here imports Keras."""
