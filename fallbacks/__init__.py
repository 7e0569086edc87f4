"""What happens when a step cannot be done: so far, a workflow that cannot be started yet."""
