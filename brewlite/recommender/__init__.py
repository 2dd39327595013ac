"""THE flow: visitor, candidates, prompt, scores, slate."""

from brewlite.recommender.config import RecommenderConfig
from brewlite.recommender.flow import Ordering, Recommender

__all__ = ["Ordering", "Recommender", "RecommenderConfig"]
