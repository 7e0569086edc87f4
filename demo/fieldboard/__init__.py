"""The old dispatch board: a calendar grid, a window for each booking, numeric codes, and no API."""
