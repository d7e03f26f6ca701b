"""What comes in and goes out of the feed. No answer that others read tells a user's id: people go by the name that they chose."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from octavo_core.clock import to_iso
from octavo_documents import Document
from octavo_stories.api.bodies import CharacterId, Language, Title
from octavo_stories.api.feed import PREFIX
from octavo_stories.domain.feed.commenting import Said
from octavo_stories.domain.feed.model import TEXT_CHARS
from octavo_stories.domain.feed.people import Name
from octavo_stories.domain.feed.reading import Shown

EXCERPT_CHARS = 280
HANDLE = r"^[a-z0-9](?:[a-z0-9_]{1,28})[a-z0-9]$"
_LINE = StringConstraints(strip_whitespace=True, min_length=1, max_length=80)

Handle = Annotated[str, StringConstraints(pattern=HANDLE)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=40, pattern=r"^[^\s#,]+$")]
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARS)]
FrontMatter = Annotated[dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")], JsonValue], Field(max_length=30)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPost(_Sent):
    """Written in place, or from a story of one's own: what is left out is then the story's."""

    title: Title | None = Field(None, examples=["El faro"])
    text: Text | None = Field(None, description="Paragraphs are parted by empty lines.")
    tags: list[Tag] = Field(default_factory=list, max_length=10)
    language: Language | None = None
    front_matter: FrontMatter = Field(default_factory=dict, description="What a generator of blogs knows about the post besides.")
    story_id: CharacterId | None = Field(None, description="A story of one's own.")


class PostChanges(_Sent):
    """What is left out stays."""

    title: Title | None = None
    text: Text | None = None
    tags: Annotated[list[Tag], Field(max_length=10)] | None = None
    language: Language | None = None
    front_matter: FrontMatter | None = None


class NameWish(_Sent):
    handle: Handle = Field(examples=["marina"], description="At which one is found; others see it.")
    name: Annotated[str, _LINE]
    about: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class NewComment(_Sent):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class NewReport(_Sent):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    comment_id: CharacterId | None = Field(None, description="Where it is about a comment under the post.")


class NewDecision(_Sent):
    decision: Literal["remove", "keep"]
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)] = Field(
        description="The author of a post that is taken down reads it."
    )


class Author(BaseModel):
    handle: str
    name: str


class PictureView(BaseModel):
    place: str
    url: str
    alt: str
    width: int
    height: int


class PostSummary(BaseModel):
    id: str
    title: str
    excerpt: str = Field(description="The beginning of its text.")
    tags: list[str]
    language: str | None
    author: Author
    pictures: list[PictureView]
    likes: int
    comments: int
    published_at: str
    minutes: int = Field(description="How long it takes to be read, about.")


class Post(PostSummary):
    success: bool = True
    text: str
    front_matter: dict[str, Any]
    updated_at: str


class PostPage(BaseModel):
    success: bool = True
    items: list[PostSummary]
    next_cursor: str | None


class OwnSummary(BaseModel):
    id: str
    title: str
    state: Literal["draft", "published", "removed"]
    reason: str | None = Field(description="Why a moderator took it down.")
    pictures: list[PictureView]
    published_at: str | None
    version: int = Field(description="As in the ETag.")
    createdAt: str  # noqa: N815 - the seeds' names
    updatedAt: str  # noqa: N815


class OwnPost(OwnSummary):
    success: bool = True
    text: str
    tags: list[str]
    language: str | None
    front_matter: dict[str, Any]
    story_id: str | None


class OwnPage(BaseModel):
    success: bool = True
    items: list[OwnSummary]
    next_cursor: str | None


class PersonView(BaseModel):
    success: bool = True
    handle: str
    name: str
    about: str
    followers: int


class OwnName(BaseModel):
    success: bool = True
    handle: str | None = Field(description="None until one is chosen; publishing and commenting need one.")
    name: str | None
    about: str | None


class Marks(BaseModel):
    success: bool = True
    liked: list[str]
    saved: list[str]
    following: list[str] = Field(description="Of the names that were asked for, those that the caller follows.")


class Done(BaseModel):
    success: bool = True
    likes: int


class Followed(BaseModel):
    success: bool = True
    followers: int


class CommentView(BaseModel):
    id: str
    text: str
    author: Author
    at: str


class MadeComment(CommentView):
    success: bool = True


class CommentPage(BaseModel):
    success: bool = True
    items: list[CommentView]
    next_cursor: str | None


class Taken(BaseModel):
    success: bool = True
    message: str = "Thank you. Somebody will look at it."


class ReportView(BaseModel):
    id: str
    state: Literal["open", "closed"]
    post_id: str
    comment_id: str | None
    about: str = Field(description="The user who wrote it.")
    reported_by: str
    excerpt: str
    reason: str
    decision: Literal["remove", "keep"] | None
    decided_by: str | None
    decided_at: str | None
    why: str | None
    at: str


class DecidedReport(ReportView):
    success: bool = True


class ReportPage(BaseModel):
    success: bool = True
    items: list[ReportView]
    next_cursor: str | None


def summary(shown: Shown) -> PostSummary:
    return PostSummary(**_summary(shown))


def post_view(shown: Shown) -> Post:
    body = shown.post.body
    return Post(**_summary(shown), text=body["text"], front_matter=body["front_matter"], updated_at=to_iso(shown.post.updated_at))


def own_summary(document: Document) -> OwnSummary:
    return OwnSummary(**_own(document))


def own_view(document: Document) -> OwnPost:
    body = document.body
    return OwnPost(
        **_own(document),
        text=body["text"],
        tags=body["tags"],
        language=body["language"],
        front_matter=body["front_matter"],
        story_id=body["story"],
    )


def person_view(name: Name, *, followers: int) -> PersonView:
    return PersonView(handle=name.handle, name=name.name, about=name.about, followers=followers)


def own_name(name: Name | None) -> OwnName:
    if name is None:
        return OwnName(handle=None, name=None, about=None)
    return OwnName(handle=name.handle, name=name.name, about=name.about)


def comment_view(said: Said) -> CommentView:
    comment = said.comment
    return CommentView(id=comment.id, text=comment.body["text"], author=_author(said.author), at=to_iso(comment.created_at))


def report_view(document: Document) -> ReportView:
    body = document.body
    return ReportView(
        id=document.id,
        state=body["state"],
        post_id=body["post"],
        comment_id=body["comment"],
        about=body["about"],
        reported_by=document.owner,
        excerpt=body["excerpt"],
        reason=body["reason"],
        decision=body["decision"],
        decided_by=body["decided_by"],
        decided_at=None if body["decided_at"] is None else to_iso(body["decided_at"]),
        why=body["why"],
        at=to_iso(document.created_at),
    )


def _summary(shown: Shown) -> dict[str, Any]:
    post, body = shown.post, shown.post.body
    text = " ".join(body["text"].split())
    return {
        "id": post.id,
        "title": body["title"],
        "excerpt": text if len(text) <= EXCERPT_CHARS else text[: EXCERPT_CHARS - 1].rstrip() + "…",
        "tags": body["tags"],
        "language": body["language"],
        "author": _author(shown.author),
        "pictures": _pictures(post, f"{PREFIX}/posts/{post.id}"),
        "likes": shown.counts.likes,
        "comments": shown.counts.comments,
        "published_at": to_iso(body["published_at"]),
        "minutes": max(1, round(len(text.split()) / 200)),
    }


def _own(document: Document) -> dict[str, Any]:
    body = document.body
    return {
        "id": document.id,
        "title": body["title"],
        "state": body["state"],
        "reason": body["reason"],
        "pictures": _pictures(document, f"{PREFIX}/mine/{document.id}"),
        "published_at": None if body["published_at"] is None else to_iso(body["published_at"]),
        "version": document.version,
        "createdAt": to_iso(document.created_at),
        "updatedAt": to_iso(document.updated_at),
    }


def _author(name: Name) -> Author:
    return Author(handle=name.handle, name=name.name)


def _pictures(post: Document, base: str) -> list[PictureView]:
    # The tag makes another address of another picture, so that a cache never shows an old one.
    return [
        PictureView(
            place=place,
            url=f"{base}/pictures/{place}?v={told['tag']}",
            alt=told["alt"],
            width=told["width"],
            height=told["height"],
        )
        for place, told in post.body["pictures"].items()
    ]
