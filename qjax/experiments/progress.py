"""Progress of an experiment: that of every training and sweep."""

from ..train.progress import Advance, progress

__all__ = ["Advance", "progress"]
