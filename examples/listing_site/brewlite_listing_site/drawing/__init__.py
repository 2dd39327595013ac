"""Pictures of homes, drawn from their facts: small SVGs in one hand."""

from brewlite_listing_site.drawing.picture import draw, draw_town

__all__ = ["draw", "draw_town"]
