"""Experiments: one TOML file becomes a grid of runs, each a row of stages, each kept and never done twice."""
