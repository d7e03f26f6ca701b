"""Models in files: Hugging Face's layout (`config.json`, `*.safetensors`, `tokenizer.json`) and GGUF. Read, checked, converted; nothing in
a file is ever run (no pickle), and everything that can be wrong with one is told before anything large is loaded."""
