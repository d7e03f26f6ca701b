"""The activator: a small process that always stands and answers for generators that sleep.

A caller of a sleeping generator reaches it under the generator's own address. It accepts jobs durably, tells how the start goes,
and hands everything over once the generator answers again. It decides nothing: the operator says what sleeps, and asks who waits.
"""
