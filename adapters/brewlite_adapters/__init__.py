"""The built-in adapters: real estate, jobs, posts."""
