"""What a blob store promises."""

from pathlib import Path
from typing import Protocol


class BlobMissing(Exception):
    """There is no blob under this key."""


class Blobs(Protocol):
    """Keeps bytes under keys such as `datasets/<id>/table`. Keys are made of our own ids, never of a user's names.

    A blob is there whole or not at all, and never changes. StorageFull is raised when there is no room for one, and
    then nothing of it is left behind.
    """

    def draft(self) -> Path:
        """A path for a local file in the making. What is not kept from there is gone after the next start."""

    async def keep(self, key: str, draft: Path) -> None:
        """Make the local file the blob of this key. The draft is gone afterwards."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes:
        """Raises BlobMissing."""

    def local(self, key: str) -> Path:
        """Where workers find the blob as a file that they can map."""

    async def delete(self, prefix: str) -> None:
        """Remove every blob below this prefix. None being there is fine."""

    async def groups(self, prefix: str) -> set[str]:
        """The names directly below this prefix."""
