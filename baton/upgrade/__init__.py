"""From one build to the next: whether it may come in, and the migrations in two halves."""
