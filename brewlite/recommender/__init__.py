"""THE flow: visitor, candidates, prompt, scores, slate."""

from brewlite.recommender.answers import Ordering, Weighed
from brewlite.recommender.config import RecommenderConfig
from brewlite.recommender.flow import Recommender

__all__ = ["Ordering", "Recommender", "RecommenderConfig", "Weighed"]
