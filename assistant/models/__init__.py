"""Language models on this machine: the packaged small one, a vLLM server, profiles of open models, and what they are."""
