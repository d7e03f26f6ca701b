"""What turns a person's prompt into a story: the reader, the conditioning tokens, the slots and the text that streams out. Pure."""
