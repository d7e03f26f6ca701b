"""The feed, composed; and what becomes of a person's part in it when their account goes."""

from __future__ import annotations

from octavo_core.clock import Clock
from octavo_documents import DocumentStore
from octavo_jobs.errands import Errands
from octavo_stories.domain.feed.commenting import Commenting
from octavo_stories.domain.feed.model import COMMENTS, FOLLOWS, HANDLES, LIKES, PEOPLE, REPORTS, SAVES
from octavo_stories.domain.feed.moderation import Moderation
from octavo_stories.domain.feed.people import People
from octavo_stories.domain.feed.posts import Posts
from octavo_stories.domain.feed.rates import Rates
from octavo_stories.domain.feed.reading import Reading
from octavo_stories.domain.feed.regard import Regard
from octavo_stories.domain.feed.telling import Tellers, Telling


class Feed:
    def __init__(
        self,
        store: DocumentStore,
        errands: Errands,
        clock: Clock,
        *,
        tellers: Tellers | None,
        max_posts: int,
        acts_per_minute: int,
        acts_burst: int,
    ) -> None:
        rates = Rates(acts_per_minute, acts_burst)
        self._store = store
        self.people = People(store)
        self.regard = Regard(store, clock)
        self.telling = Telling(store, errands, self.people, clock, tellers)
        self.posts = Posts(store, errands, self.people, self.regard, self.telling, rates, clock, max_posts=max_posts)
        self.reading = Reading(store, self.people, self.regard)
        self.commenting = Commenting(store, self.people, rates)
        self.moderation = Moderation(store, rates, clock)

    async def erase(self, user: str) -> None:
        """Everything that the person published, did and said, whoever follows them, and what was reported about them. Idempotent; raises
        `Unavailable` when it must be asked for again. Their name goes last, as what they are known by."""
        await self.posts.erase(user)
        for kept, where in ((FOLLOWS, "followed"), (REPORTS, "about"), (REPORTS, "decided_by")):
            await self._store.remove_where(kept, owner=None, where={where: user})
        await self._store.remove_all_of([LIKES, SAVES, COMMENTS, FOLLOWS, REPORTS, PEOPLE, HANDLES], user)
