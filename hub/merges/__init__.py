"""Two members that turn out to be one person: merged, and taken apart again."""
