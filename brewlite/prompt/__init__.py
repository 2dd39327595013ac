"""What the model reads: a prefix with the visitor, and one text per candidate.

    instruction · note · profile · the visitor's words · context · history or examples · question     the prefix
    candidate · answer cue                                                                            once each

Published work found raw counts almost unread by language models and percentiles read well, so numbers arrive as
words with their place in the catalog. Text from items and visitors is data: it is cut to a budget, loses sentences
that talk to the model, and is tokenized as plain text, so that a control token in it is only characters.
"""

from brewlite.prompt.builder import PromptBuilder, PromptConfig, PromptPreview, Section
from brewlite.prompt.history import HISTORY_POLICIES
from brewlite.prompt.standing import standing_words

__all__ = ["HISTORY_POLICIES", "PromptBuilder", "PromptConfig", "PromptPreview", "Section", "standing_words"]
