"""The old order management: frames, tables, numeric codes, and no API."""
