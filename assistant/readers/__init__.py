"""From hits to a draft whose every quote is checked."""
