"""The passing of responsibility from one party to another, pure: what is passed, by when, to whom."""
