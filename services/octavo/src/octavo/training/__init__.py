"""Training of the models that ship with Octavo. torch and transformers are imported when a training runs, never before."""

from octavo.training.fitting import TrainingProgress
from octavo.training.story_training import TrainingReport, train_story

__all__ = ["TrainingProgress", "TrainingReport", "train_story"]
