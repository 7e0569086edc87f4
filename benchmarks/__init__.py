"""Speed against what one would use instead, measured in one run on one machine."""
