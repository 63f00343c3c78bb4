"""Writes into language.json what Jinja2 makes of its templates: `expected` text or the `error` that it raises.

To add a case, add {"template": "..."} to a section and run this file with Jinja2 3.1.6: python3 language.py
The settings are those in which Hugging Face transformers renders chat templates; the clock stands at 2025-01-15 12:00.
"""

import datetime
import json
import pathlib
import warnings

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """The tag {% generation %}: renders its body in a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("render"), [], [], body).set_lineno(line)

    def render(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def render(environment, template, context):
    try:
        return {"template": template, "expected": environment.from_string(template).render(**context)}
    except Exception as error:
        return {"template": template, "error": f"{type(error).__name__}: {error}"}


def main():
    warnings.simplefilter("ignore")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.datetime(2025, 1, 15, 12).strftime(form)
    path = pathlib.Path(__file__).with_name("language.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    for section in document["sections"]:
        section["cases"] = [render(environment, case["template"], document["context"]) for case in section["cases"]]
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


main()
