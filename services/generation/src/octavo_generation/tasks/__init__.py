"""What a generator can be asked for: one file a task, with its request, and how it becomes a job. `TASKS` is the list."""

from octavo_generation.tasks.registry import TASKS, Task, task_for

__all__ = ["TASKS", "Task", "task_for"]
