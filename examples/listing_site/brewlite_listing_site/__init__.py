"""An example listing site, ranked by brewlite."""
