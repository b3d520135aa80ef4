"""How Sphinx builds the site; tools/site.py calls it on a copy of the chapters."""

project = "Convolutional networks, alive"
html_title = project
author = "the authors of the book"
copyright = "the authors. Text CC BY 4.0, code MIT"
language = "en"

extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design", "sphinx-mathjax-offline"]
nb_execution_mode = "off"
nb_merge_streams = True
# The package copies this file beside the pages; without its menu nothing asks the network.
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}}
myst_enable_extensions = ["dollarmath"]
copybutton_exclude = ".linenos, .gp, .go"

html_context = {"default_mode": "auto"}
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = True
html_show_sphinx = False
html_show_search_summary = False  # a page from the disk may not fetch the others
html_theme_options = {
    "use_download_button": True,
    "navbar_persistent": [],  # the search stands in the sidebar
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
