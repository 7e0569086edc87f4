"""The words every room shares; a closed list, importing no other room."""
