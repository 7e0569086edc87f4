"""What each legacy system is, pure: operations, fields, seats and windows; one file a system."""
