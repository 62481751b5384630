"""Tables of the package's modules for the architecture page: the first line of each module's docstring."""

import ast
from pathlib import Path


def write(package, out):
    """One Markdown table for each subpackage."""
    out.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path.parent for path in package.glob("*/__init__.py")):
        lines = ["| file | contents |", "|---|---|"]
        for path in sorted(folder.rglob("*.py")):
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            if text and path.name != "__init__.py":
                lines.append(f"| `{path.relative_to(folder).as_posix()}` | {text.splitlines()[0]} |")
        (out / f"modules-{folder.name}.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    here = Path(__file__).parent
    write(here.parent / "skreg", here / "_generated")
