"""Speed beside peers and limits: printed, never tested against the clock."""
