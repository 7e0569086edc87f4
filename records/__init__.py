"""What we keep: tables in PostgreSQL, and the few ways to write them."""
