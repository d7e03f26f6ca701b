"""OpenAI's wire format: OpenAI itself, xAI, and every server that speaks it (vLLM, Ollama, llama.cpp, LM Studio, gateways)."""
