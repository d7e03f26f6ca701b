"""Words that stand in no template: for tasks, fields, stages, and for what other services say. English here; `N_` marks what a catalogue
must translate, and the pages look it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for a mark
    return text


@dataclass(frozen=True, slots=True)
class TaskWords:
    """`about`: what one gets. `button`: what one does. `icon`: of the sprite."""

    about: str
    button: str
    icon: str


TASKS: Mapping[str, TaskWords] = {
    "story": TaskWords(N_("A story for children, young people or adults"), N_("Write the story"), "book-open"),
    "text": TaskWords(N_("A text about anything you ask for"), N_("Write the text"), "pen-line"),
    "image": TaskWords(N_("Pictures of what you describe"), N_("Draw it"), "image"),
    "image-description": TaskWords(N_("What is to be seen in a picture"), N_("Look at it"), "scan-eye"),
    "translation": TaskWords(N_("A text in another language"), N_("Translate it"), "languages"),
    "script": TaskWords(N_("A scene or an episode for the screen"), N_("Write the script"), "clapperboard"),
    "blog": TaskWords(N_("A post with pictures, step by step"), N_("Write the post"), "newspaper"),
}
OTHER_TASK = TaskWords(N_("A generator of its own kind"), N_("Generate"), "sparkles")

LABELS: Mapping[str, str] = {
    "prompt": N_("What shall it be about?"),
    "name": N_("Name"),
    "text": N_("Text"),
    "topic": N_("Topic"),
    "title": N_("Title"),
    "description": N_("Description"),
    "question": N_("Your question"),
    "audience": N_("For whom?"),
    "image": N_("Picture"),
    "image_url": N_("Address of a picture"),
    "language": N_("Language"),
    "source_language": N_("From"),
    "target_language": N_("To"),
    "system": N_("How the writer shall behave"),
    "max_tokens": N_("Longest answer, in tokens"),
    "temperature": N_("Surprise, 0 to 2"),
    "seed": N_("Seed"),
    "size": N_("Size"),
    "quality": N_("Quality"),
    "style": N_("Style"),
    "num_images": N_("How many"),
    "provider": N_("Provider"),
    "negative_prompt": N_("What shall not be in it"),
    "tone": N_("Tone"),
    "template": N_("Template"),
    "script_type": N_("Kind of script"),
    "length_target": N_("Length"),
    "project_id": N_("Project"),
    "episode_id": N_("Episode"),
}
HELP: Mapping[str, str] = {
    "prompt": N_("One or two sentences are enough."),
    "seed": N_("The same seed and settings give the same result, where the model allows it."),
    "question": N_("Leave it empty for a description of all that is to be seen."),
    "language": N_("Such as en or es. Left empty: that of your own words."),
    "image": N_("PNG, JPEG, WebP or GIF, at most 10 MB."),
    "image_url": N_("Only public addresses."),
    "max_tokens": N_("A token is about three quarters of a word."),
    "temperature": N_("Higher is more surprising."),
    "system": "",
    "size": "",
    "style": "",
    "quality": "",
    "audience": "",
    "num_images": "",
    "text": N_("Paragraphs, lists, links and code keep their place."),
    "target_language": "",
    "source_language": N_("Left empty: told from the text."),
    "provider": N_("Left empty: the first one that can be asked."),
    "length_target": N_("In words. Left empty: as long as its template is."),
    "template": N_("Left empty: the one for the kind of script."),
    "script_type": "",
    "project_id": N_("Its number, as your projects have it: characters and earlier episodes are then known."),
    "episode_id": "",
    "negative_prompt": "",
}
"""In place of what the schema says, which is written for programs. Empty: none is needed."""

AUDIENCES: Mapping[str, tuple[str, str, str]] = {
    "children": (N_("Children"), N_("Short, warm, ends well"), "blocks"),
    "young": (N_("Young people"), N_("Lively, with a turn"), "rocket"),
    "adult": (N_("Adults"), N_("Longer, and quieter"), "coffee"),
}
"""Name, what to expect, and icon of each card."""
AUDIENCE_NAMES: Mapping[str, str] = {key: words[0] for key, words in AUDIENCES.items()}

STORY_LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "de": "Deutsch",
    "it": "Italiano",
    "pt": "Português",
    "ca": "Català",
}
"""What the library offers, each in its own words; a story may be in any other."""

STORY_STATES: Mapping[str, str] = {
    "ready": N_("Ready to read"),
    "writing": N_("Being written"),
    "failed": N_("Could not be written"),
}

ORDERS: Mapping[str, str] = {
    "updated_at-desc": N_("Changed last"),
    "created_at-desc": N_("Newest first"),
    "created_at-asc": N_("Oldest first"),
    "title-asc": N_("Title, A to Z"),
    "title-desc": N_("Title, Z to A"),
}
"""Sort key and direction, as the stories' API takes them. The first is the one that nobody has to choose."""

JOB_STATES: Mapping[str, str] = {
    "queued": N_("In the queue"),
    "running": N_("At work"),
    "succeeded": N_("Done"),
    "failed": N_("It failed"),
    "cancelled": N_("Cancelled"),
}

LINK_DAYS: Mapping[str, str] = {
    "1": N_("For a day"),
    "7": N_("For a week"),
    "30": N_("For a month"),
    "": N_("Until I revoke it"),
}

MAIL_AFTER: Mapping[str, str] = {
    "": N_("Never"),
    "60": N_("After a minute"),
    "300": N_("After five minutes"),
    "1800": N_("After half an hour"),
}
"""Seconds of a generation after which a mail is wished."""

STAGES: Mapping[str, str] = {
    "queued": N_("In the queue"),
    "retrying": N_("An attempt failed; another one follows"),
    "started": N_("A worker has taken it"),
    "loading": N_("Loading the model; the first time takes longer"),
    "generating": N_("Writing"),
    "drawing": N_("Drawing"),
    "working": N_("Working"),
    "cancelling": N_("Being cancelled"),
    "succeeded": N_("Done"),
    "failed": N_("It failed"),
    "cancelled": N_("Cancelled"),
}

FOR_SCRIPTS: Mapping[str, str] = {
    **STAGES,
    "done_title": N_("Done: %s"),
    "done_body": N_("Your generation has ended."),
    "copied": N_("Copied"),
    "offline": N_("No connection; it is tried again by itself"),
    "away": N_("It did not go through; try it again in a moment"),
    "picture_chosen": N_("Chosen: %s"),
    "back": N_("It answers again"),
    "told": N_("You will be told when a long one is done"),
    "not_told": N_("Your browser does not allow notifications here"),
    "stories.write": N_("Story"),
    "characters.picture": N_("Picture of a character"),
    "saving": N_("Saving"),
    "saved": N_("Saved"),
    "unsaved": N_("Not saved yet; it is kept in this browser"),
    "put_back": N_("What you had typed and not saved was put back"),
    "elsewhere": N_("It was changed elsewhere; save it to see both"),
    "link_copied": N_("The link is copied"),
    "push_on": N_("You will be told here of new posts of those you follow"),
    "push_off": N_("You will not be told of new posts here any more"),
    "push_failed": N_("Your browser's push service cannot be reached; try it again later"),
    "update": N_("There is a new version."),
    "update_now": N_("Take it now"),
}
"""What scripts say. They get it with the page, in its language."""

AWAY = N_("%(who)s does not answer just now")

KNOWN: frozenset[str] = frozenset(
    {
        # As auth, the generators and the web's own adapters say it, to the letter; what is not here is shown as it comes.
        N_("the name or the password is wrong"),
        N_("this account is suspended"),
        N_("the code is wrong, was used, or has expired"),
        N_("a code was sent a moment ago; wait for it"),
        N_("is shorter than 8 characters"),
        N_("is longer than 128 characters"),
        N_("is one of those that everybody tries"),
        N_("is the account's own name, address or number"),
        N_("must not be empty"),
        N_("is no number"),
        N_("is missing"),
        N_("cannot be reached"),
        N_("the platform"),
        N_("log in to see this"),
        N_("there is nothing at this address"),
        N_("there is no such generator"),
        N_("there is no such generation"),
        N_("this was sent from another place; open the page here and send it again"),
        N_("the outbox is shown on the machine itself only"),
        N_("there is no such page yet"),
        N_("choose a picture, or give the address of one"),
        N_("this is for admins"),
        N_("the login was not finished, or was begun in another browser"),
        N_("there is no such character"),
        N_("there is no such story"),
        N_("there is no such picture"),
        N_("there is no such session"),
        N_("there is no such link"),
        N_("there is no such link, or it has ended"),
        N_("there is no such audience"),
        N_("there is no text to keep"),
        N_("choose a picture"),
        N_("is not a picture that is taken here (PNG, JPEG, WebP or GIF)"),
        N_("the picture is damaged"),
        N_("the picture is cut off"),
        N_("choose a character"),
        N_("choose one of these"),
        N_("give one of them: an e-mail address or a phone number"),
        N_("choose eight characters at most"),
        N_("a picture of this character is being made already"),
        N_("the story is being written; wait for its end before you change it"),
        N_("the story has no text yet"),
        N_("the password is wrong"),
        N_("log in again first: this account has no password that could confirm it"),
        N_("is not an e-mail address"),
        N_("is not a phone number with its country"),
        N_("is empty, too long or holds what cannot be printed"),
        N_("looks like an e-mail address or a phone number"),
        N_("another account has this address or number"),
        N_("there is no such post"),
        N_("there is no such comment"),
        N_("there is no such report"),
        N_("there is nobody of that name"),
        N_("choose a name for the feed first"),
        N_("somebody else has that name already"),
        N_("nobody can follow themselves"),
        N_("a post needs a title, and a text or a picture"),
        N_("this post was taken down and cannot be published again"),
        N_("that was too much at once; try it again later"),
        N_("the picture cannot be read"),
    }
)


def label_of(name: str) -> str:
    """Of a field that nobody has words for: its own name, made readable."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()
