"""What is refused for its content: blocked words that are found however they are dressed up, and a provider's own moderation."""

from octavo_generation.moderation.policy import Moderator, Subject
from octavo_generation.moderation.words import BlockedWords, Found

__all__ = ["BlockedWords", "Found", "Moderator", "Subject"]
