"""The path of a question: what is under way, a model's way to an answer, the answer as it is stored."""
