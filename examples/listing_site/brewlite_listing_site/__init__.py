"""Kettle & Key: a small, made-up site with homes to rent, ranked by brewlite."""
