"""How scripts are written: templates, the plan of their scenes, what to ask for next, and Fountain, their format.

What computes is apart from what acts: `plan`, `progress`, `fountain` and `prompting` are pure; `drafts` keeps what was written,
`projects` reads what a script belongs to, and `octavo_generation.handlers.scripting` does the job.
"""
