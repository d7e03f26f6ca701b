"""Iteration-level (continuous) batching: who writes is decided anew at every step of the model (Orca, Yu et al. 2022).

`scheduler.py` decides, `sampling.py` chooses tokens, `decoder.py` is the port to the library that computes, `loop.py` is the one
thread that calls them in turn, `hosting.py` its face on the event loop.
"""
