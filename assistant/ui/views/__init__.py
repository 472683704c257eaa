"""Views: each draws its part of the frame; its content comes from fragments and its script."""
