"""Text to vectors: `sentence` (real models), `weights` (the packaged one), `hashed` (a public fake for tests)."""
