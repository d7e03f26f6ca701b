"""The engine on llama.cpp: many texts at once on CPU or GPU, GPT-2 and all that GGUF files hold."""
