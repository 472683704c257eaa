"""Vectors: an oracle, FAISS, and what keeps them in step with the catalog."""
