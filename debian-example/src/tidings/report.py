"""The report: what is in the inbox, through a Jinja2 template."""

import jinja2


def render(entries, template=None):
    """`entries` through the template at the path `template`, or through the package's own."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tidings"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    if template is None:
        chosen = environment.get_template("report.txt.j2")
    else:
        with open(template, encoding="utf-8") as file:
            chosen = environment.from_string(file.read())
    return chosen.render(entries=entries)
