"""Settings of Sphinx. The API pages and the benchmark page are written when a build begins."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(HERE.parent / ".cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

# A kernel says at its start that it speaks TCP on this machine; once per page is too often.
profile = HERE / "_build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text('c.IPKernelApp.log_level = "ERROR"\n')
os.environ.setdefault("IPYTHONDIR", str(profile.parent))

import generated  # noqa: E402

project = "qjax"
author = "The qjax authors"
project_copyright = author
release = "0.1.0"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "qjax"
html_static_path = ["_static"]
html_css_files = ["qjax.css"]
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = os.environ.get("QJAX_DOCS_EXECUTE", "cache")
nb_execution_cache_path = str(HERE / "_build" / ".jupyter_cache")
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # shapes, dtypes and units are in the docstrings
autodoc_preserve_defaults = True
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = ["Source", ("Attributes", "params_style")]
toc_object_entries_show_parents = "hide"

generated.write(HERE)


def setup(app):
    """Hook docstrings up."""
    app.connect("autodoc-process-docstring", generated.literal, priority=400)
    app.connect("autodoc-skip-member", generated.skip)
