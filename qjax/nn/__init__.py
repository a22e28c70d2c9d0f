"""Neural networks with quantum parts: pure functions, and Flax NNX modules around them."""
