"""What happened, counted: figures that screens and reports read."""
