"""What happens in which order: durable, deterministic, without I/O."""
