"""Language models on this machine: the packaged small one, a vLLM server, profiles, and what a model folder is."""
