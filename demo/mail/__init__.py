"""The SMTP sink: keeps every mail as a file and lists them on a page."""
