from __future__ import annotations

from tests.support.disks import tiny_disk

__all__ = ["tiny_disk"]
