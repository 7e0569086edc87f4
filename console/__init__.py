"""The face for people: pages and an API over the records, and a person's word to a running case."""
