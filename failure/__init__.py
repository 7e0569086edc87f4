"""What stands in the way of entries, read as causes; pure."""
