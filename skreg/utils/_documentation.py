"""Links from the HTML representation of an estimator to its page."""

import sys

SITE = "https://skreg.readthedocs.io/en/stable"


class DocumentationLinkMixin:
    """scikit-learn's link to the documentation, for estimators of this package."""

    _doc_link_module = "skreg"
    _doc_link_template = SITE + "/api/{name}.html"

    def _doc_link_url_param_generator(self):
        """Public name of the class: its page is called so."""
        cls = type(self)
        if cls.__name__ in sys.modules["skreg"].__all__:
            return {"name": f"skreg.{cls.__name__}"}
        package = ".".join(cls.__module__.split(".")[:2])
        return {"name": f"{package}.{cls.__name__}"}
