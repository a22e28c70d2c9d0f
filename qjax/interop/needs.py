"""What to say when a package that a conversion needs is not installed."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import UnsupportedError


def require(package: str, what: str) -> Any:
    """The module of a package, or an error that says how to get it.

    Raises:
        UnsupportedError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UnsupportedError(
            f"{what} needs the package {package.split('.')[0]}",
            got=str(error),
            fix=f"install it next to qjax: pip install {package.split('.')[0]}",
        ) from None
