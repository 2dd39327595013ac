"""The suite: more than fifty ranking tasks on real logs, every method on the same cases, with intervals."""
