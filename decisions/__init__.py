"""What the rules say: pure, versioned tables and the verdicts they give."""
