"""Text to vectors: `sentence` (real models), `weights` (the packaged one), `hashed` (a public fake for tests)."""

import os

# OpenMP threads that spin while they wait for each other starve when other programs use the cores: one question
# took 2.1 s beside them, and 0.07 s with sleeping threads. OpenMP reads this when torch loads, after this line.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
