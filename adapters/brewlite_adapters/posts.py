"""Posts: questions, threads, articles, and the people who read and answer them."""

from __future__ import annotations

import re

from msgspec.structs import replace

from brewlite.adapter import Action, Field, FieldAdapter, any_of
from brewlite.adapter.attributes import EVENT, ITEM, USER
from brewlite.adapter.plain import cut
from brewlite.adapter.rows import RowView
from brewlite.records import Item, Task

_FIELDS = (
    Field(name="section", type="category",
          columns=("section", "forum", "board", "channel", "articleSection", "subreddit", "community")),
    Field(name="author", type="category", in_short=False,
          columns=("author.name", "author", "owner_display_name", "creator", "creator.name", "dc:creator", "username",
                   "user_name", "by"),
          words=("author",)),
    Field(name="score", type="number", unit="votes", better="higher",
          columns=("score", "votes", "upvotes", "points", "likes", "upvoteCount"),
          words=("votes", "vote", "points", "score", "upvotes")),
    Field(name="answers", type="integer", unit="answers",
          columns=("answers", "answer_count", "answerCount", "replies", "reply_count"),
          words=("answers", "answer", "replies", "reply")),
    Field(name="comments", type="integer", unit="comments",
          columns=("comments", "comment_count", "commentCount", "num_comments"),
          words=("comments", "comment")),
    Field(name="views", type="number", unit="views", better="higher",
          columns=("views", "view_count", "viewCount", "reads"), words=("views", "reads")),
    Field(name="solved", type="boolean",
          columns=("solved", "is_answered", "accepted", "has_accepted_answer"), words=("solved", "answered"),
          values={"true": ("answered", "solved"), "false": ("unanswered", "unsolved", "open question")}),
    Field(name="tags", type="tags", in_short=True,
          columns=("tags", "keywords", "categories", "topics", "labels", "category")),
)  # fmt: skip

_ITEM = {
    **ITEM,
    "id": any_of("id", "item_id", "post_id", "question_id", "article_id", "thread_id", "identifier.value", "identifier",
                 "guid", "@id", "slug", "url", "link"),
    "title": any_of("title", "headline", "name", "subject"),
    "text": any_of("body", "text", "articleBody", "content", "content:encoded", "selftext", "description", "summary",
                   "message", "excerpt", "abstract"),
    "created": any_of("created", "creation_date", "created_at", "datePublished", "date_published", "published",
                      "publishedAt", "pubDate", "dateCreated", "created_utc", "timestamp", "date", "updated"),
    "url": any_of("url", "link", "permalink", "mainEntityOfPage.@id", "mainEntityOfPage"),
    "place": any_of("place", "contentLocation.name"),
}  # fmt: skip
_USER = {
    **USER,
    "id": any_of("user_id", "id", "member_id", "user", "visitor_id"),
    "interests": any_of("interests", "favourite_tags", "followed_tags", "topics", "looking_for"),
    "profile.about": any_of("profile.about", "about_me", "about", "bio"),
}
_EVENT = {
    **EVENT,
    "user": any_of("user", "user_id", "member_id", "visitor_id", "reader_id", "session_id"),
    "item": any_of("item", "item_id", "post_id", "question_id", "article_id", "thread_id"),
    "action": any_of("action", "event", "event_type", "interaction", "type"),
    "at": any_of("at", "timestamp", "time", "date", "created_at", "creation_date", "datetime"),
    "value": any_of("value", "seconds", "duration"),
}

_ACTIONS = (
    Action(name="answer", phrase="answered", weight=1.0, words=("reply", "respond")),
    Action(name="comment", phrase="commented on", weight=0.8),
    Action(name="favourite", phrase="saved", weight=1.0, words=("favorite", "save", "bookmark", "follow", "star")),
    Action(name="bounty", phrase="put a bounty on", weight=1.0),
    Action(name="like", phrase="liked", weight=0.7, words=("upvote", "vote", "thumbs_up", "react")),
    Action(name="share", phrase="shared", weight=0.7),
    # One's own question says what one cares about, and is nothing to be shown again.
    Action(name="ask", phrase="asked", weight=1.0, words=("post", "submit", "write")),
    Action(name="view", phrase="read", weight=0.3, words=("click", "open", "visit", "read")),
    Action(name="downvote", phrase="voted down", weight=-0.5, words=("dislike", "thumbs_down")),
    Action(name="dismiss", phrase="dismissed", weight=-0.7, words=("skip", "not_interested")),
    Action(name="hide", phrase="hid", weight=-1.0, words=("mute", "block")),
    Action(name="report", phrase="reported", weight=-1.0, words=("flag", "spam")),
)
_TASKS = (
    Task(
        name="engage",
        action="answer",
        question="Will this visitor answer, comment on or save this post?",
        instruction="Judge whether a post is one the visitor would take part in: its topic, and what they know about.",
    ),
    Task(
        name="answer",
        action="answer",
        question="Will this visitor answer this post?",
        instruction="Judge whether the visitor knows enough about this topic, and cares enough, to answer.",
    ),
    Task(
        name="save",
        action="favourite",
        question="Will this visitor save this post?",
        instruction="Judge whether the visitor would want to come back to this post.",
    ),
    Task(
        name="read",
        action="view",
        question="Will this visitor open this post?",
        instruction="Judge whether this post would catch the visitor's interest.",
    ),
)
_SENTENCE = re.compile(r"^(.{20,}?[.?!])\s")


def refine(item: Item, row: RowView) -> Item:
    """A post without a headline is known by its first sentence."""
    if item.title or not item.text:
        return item
    first = _SENTENCE.match(item.text)
    return replace(item, title=cut(first[1] if first else item.text, 100))


adapter = FieldAdapter(
    name="posts",
    kind="post",
    noun="post",
    fields=_FIELDS,
    actions=_ACTIONS,
    tasks=_TASKS,
    item_columns=_ITEM,
    user_columns=_USER,
    event_columns=_EVENT,
    refine=refine,
)
