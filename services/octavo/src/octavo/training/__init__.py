"""Training of the models that ship with Octavo. torch and transformers are imported when a training runs, never before."""
