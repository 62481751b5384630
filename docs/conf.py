"""Settings of the documentation; `make html` builds it, without warnings and without a network."""

import os
import sys
from pathlib import Path

from matplotlib.layout_engine import ConstrainedLayoutEngine
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (links of examples that are not run need it)

import skreg

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import charts  # noqa: E402
import inventories  # noqa: E402
import modules  # noqa: E402

project = "skreg"
author = "The skreg developers"
copyright = author
version = release = skreg.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build", "_generated/*.md", "**/GALLERY_HEADER.rst"]
default_role = "py:obj"  # a name in backticks is a link where there is a page for it
templates_path = ["_templates"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False

# Inventories of the libraries that pages link to: names from the installed packages, so that nothing is fetched.
intersphinx_mapping = inventories.write(HERE / "_build" / "inventories")

FAST = ["quickstart", "calibration", "early_stopping_and_ridge", "displays"]
wanted = os.environ.get("SKREG_DOCS_EXAMPLES", "")  # "fast", or names of examples with commas between; all by default
if os.environ.get("SKREG_DOCS_NO_LAYOUT"):  # where only the build is checked: layout takes half the time of a picture
    ConstrainedLayoutEngine.execute = lambda *_: {}

# Charts and summary tables, drawn from the results of the benchmarks, so that pages and results cannot disagree.
charts.write(HERE / "benchmarks", HERE / "_generated")
modules.write(Path(skreg.__file__).parent, HERE / "_generated")

html_theme = "pydata_sphinx_theme"
html_title = "skreg"
html_static_path = ["_static"]
html_css_files = ["skreg.css"]
html_js_files = ["tables.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": f"skreg {version}"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "github_url": "https://github.com/skreg/skreg",
    "show_prev_next": False,
    "show_toc_level": 1,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
WITHOUT_SIDEBAR = (
    "index",
    "auto_examples/plot_quickstart",
    "which",
    "effects",
    "faq",
    "recipes",
    "glossary",
    "changelog",
)
html_sidebars = {page: [] for page in WITHOUT_SIDEBAR}
toc_object_entries_show_parents = "hide"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

if wanted:
    wanted = "(" + "|".join(FAST if wanted == "fast" else wanted.split(",")) + r")\.py"
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": rf"plot_{wanted}",
    "subsection_order": [
        f"../examples/{name}"
        for name in ("choosing", "linear", "early_stopping", "nets", "augmentation", "recommendation")
    ],
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "gallery_backreferences",
    "doc_module": ("skreg",),
    "reference_url": {"skreg": None},
    "abort_on_example_error": True,
    "show_memory": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
}
