"""Documents in: detect, parse, clean, split, catalogue, embed."""
