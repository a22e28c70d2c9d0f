"""Reinforcement learning in compiled loops: environments, algorithms and agents."""
