"""Benchmarks of qjax against its peers: `python -m benchmarks --suite w1 --quick`."""
