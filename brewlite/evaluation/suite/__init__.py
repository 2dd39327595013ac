"""The suite: more than 120 ranking tasks on real logs, every method on the same cases, with intervals."""
