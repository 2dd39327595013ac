"""The first tables. Written out in full: a step must not change when ``tables.py`` does."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the step."""
    op.create_table(
        "items",
        sa.Column("row", RowId, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("image", sa.Text),
        sa.Column("place", sa.Text),
        sa.Column("created", sa.BigInteger),
        sa.Column("expires", sa.BigInteger),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.UniqueConstraint("id", name="items_id"),
    )
    op.create_table(
        "users",
        sa.Column("row", RowId, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("interests", sa.Text, nullable=False),
        sa.Column("consent", sa.Boolean, nullable=False),
        sa.Column("updated", sa.BigInteger),
        sa.Column("digest", sa.Text, nullable=False),
        sa.UniqueConstraint("id", name="users_id"),
    )
    op.create_table(
        "events",
        sa.Column("row", RowId, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("slate_id", sa.Text),
        sa.Column("context", sa.Text),
        sa.UniqueConstraint("user_id", "at", "item_id", "action", name="events_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vectors",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("encoder", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "slates",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("degraded", sa.Boolean, nullable=False),
        sa.Column("picks", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
    )
    op.create_index("slates_at", "slates", ["at"])
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    revisions = op.create_table(
        "revision",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("users", sa.BigInteger, nullable=False),
        sa.Column("vectors", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(revisions, [{"one": 1, "items": 0, "users": 0, "vectors": 0}])
