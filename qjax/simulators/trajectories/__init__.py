"""Monte-Carlo wave functions: pure states that jump at random."""

from .simulator import Trajectories

__all__ = ["Trajectories"]
