"""A line in which people take turns: whoever asks for a hundred texts holds up nobody who asks for one. Pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Round robin over owners, first come first served for each. Not for use from several threads."""

    def __init__(self) -> None:
        self._of_owner: OrderedDict[str, deque[Item]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, owner: str, item: Item) -> None:
        self._of_owner.setdefault(owner, deque()).append(item)
        self._length += 1

    def take(self) -> Item:
        """The next in turn. Raises `IndexError` where nobody waits."""
        if not self._length:
            raise IndexError("nobody waits")
        owner, items = self._of_owner.popitem(last=False)
        item = items.popleft()
        if items:
            self._of_owner[owner] = items
        self._length -= 1
        return item

    def remove(self, owner: str, item: Item) -> bool:
        """Whether it waited."""
        items = self._of_owner.get(owner)
        if items is None or item not in items:
            return False
        items.remove(item)
        if not items:
            del self._of_owner[owner]
        self._length -= 1
        return True

    def drain(self) -> list[Item]:
        """All, in turn; nobody waits afterwards."""
        return [self.take() for _ in range(self._length)]
