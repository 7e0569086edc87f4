"""From one build to the next: whether it may come in, the migrations in two halves, which build takes which work."""
