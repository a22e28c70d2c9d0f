"""``python -m qjax`` is the command ``qjax``."""

import sys

from .cli import main

sys.exit(main())
