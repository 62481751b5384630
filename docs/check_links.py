"""Check that all local links and pictures of the built site lead somewhere: ``python check_links.py _build/html``."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[name] for name in ("id", "name") if attrs.get(name)}
        for name in ("href", "src"):
            if tag in ("a", "img", "link", "script") and attrs.get(name):
                self.links.append(attrs[name])


def broken(root):
    """Pairs of page and link that leads nowhere."""
    pages = {path: Page(path) for path in root.rglob("*.html") if "_static" not in path.parts}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            missing = not target.exists()
            anchor = unquote(parts.fragment)
            if missing or (anchor and target in pages and anchor not in pages[target].anchors):
                yield path.relative_to(root), link


if __name__ == "__main__":
    root = Path(sys.argv[1]).resolve()
    found = sorted(set(broken(root)))
    for page, link in found:
        print(f"{page}: {link}")
    print(f"{len(found)} broken local links")
    sys.exit(bool(found))
