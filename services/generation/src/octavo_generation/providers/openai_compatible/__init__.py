"""Any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, LM Studio, gateways."""
