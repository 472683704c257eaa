"""Finding passages: by words (lexical), by meaning (dense), and by both (hybrid, fusion)."""
