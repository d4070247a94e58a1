"""Reference renderings of chat templates, by Python's Jinja as transformers sets it up.

    python test/reference/templates.py DIRECTORY_OF_TEMPLATES > test/fixtures/chat-template-digests.json

The templates are not part of this repository, as their licences vary: each is named with the sha256 of its source, and
each rendering is recorded as the sha256 of its text, or as null where the template refuses or fails. Needs jinja2.
"""

import hashlib
import json
import pathlib
import sys
from datetime import datetime

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

# What test/chat-template-digests.test.ts renders, in the words of templates.
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Its name."},
                    "days": {"type": "integer"},
                },
                "required": ["city"],
            },
        },
    }
]
CALL = {
    "id": "call00001",
    "type": "function",
    "function": {"name": "get_weather", "arguments": {"city": "Graz", "days": 2}},
}
USER = {"role": "user", "content": "What's the weather in Graz?"}
RESULT = {
    "role": "tool",
    "content": '{"sky": "clear"}',
    "name": "get_weather",
    "tool_call_id": "call00001",
}
CASES = {
    "plain": ([USER], None),
    "system": ([{"role": "system", "content": "Be brief."}, USER], None),
    "multi-turn": (
        [
            {"role": "system", "content": "Be brief."},
            USER,
            {"role": "assistant", "content": "It's clear."},
            {"role": "user", "content": "And tomorrow?"},
        ],
        None,
    ),
    "tools": ([USER], TOOLS),
    "tool-result": (
        [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, RESULT],
        TOOLS,
    ),
}
BOS, EOS = "<bos>", "<eos>"
NOW = datetime(2026, 1, 2, 3, 4, 5)


class Generation(Extension):
    """`{% generation %}` marks what a model wrote; it prints its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


class Refusal(Exception):
    pass


def refuse(message):
    raise Refusal(message)


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def compile_template(source):
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = NOW.strftime
    return environment.from_string(source)


def variants(messages):
    """Where templates differ in what they take, ours is asked for each in turn: texts or parts, mappings or JSON texts."""
    for parts in (False, True):
        for as_text in (False, True):
            for empty in ("", None):
                changed = json.loads(json.dumps(messages))
                for message in changed:
                    if message.get("tool_calls") and message["content"] == "":
                        message["content"] = empty
                    elif parts:
                        message["content"] = [
                            {"type": "text", "text": message["content"]}
                        ]
                    for call in message.get("tool_calls", []):
                        if as_text:
                            function = call["function"]
                            function["arguments"] = json.dumps(
                                function["arguments"], separators=(",", ":")
                            )
                yield changed


def is_raw(text):
    """Parts or arguments printed as Python or JSON writes them: the template did not know that form."""
    return "'type': 'text'" in text or '"type": "text"' in text or '{\\"city' in text


def render(template, messages, tools):
    try:
        return template.render(
            messages=messages,
            tools=tools,
            add_generation_prompt=True,
            bos_token=BOS,
            eos_token=EOS,
        )
    except Exception:  # whatever a template does: a refusal, a fault in it, one of ours
        return None


def digests(template, messages, tools):
    """Of each way to say it that the template takes."""
    seen = []
    for absent in (None, []):
        for variant in variants(messages):
            text = render(template, variant, absent if tools is None else tools)
            if text is None or is_raw(text):
                continue
            if sha256(text) not in seen:
                seen.append(sha256(text))
    return seen


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def main(directory):
    result = {}
    for path in sorted(pathlib.Path(directory).glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        entry = {"source": sha256(source), "cases": {}}
        try:
            template = compile_template(source)
        except jinja2.TemplateError as error:
            entry["problem"] = str(error)
            result[path.name] = entry
            continue
        for name, (messages, tools) in CASES.items():
            entry["cases"][name] = digests(template, messages, tools)
        result[path.name] = entry
    json.dump({"jinja2": jinja2.__version__, "templates": result}, sys.stdout, indent="\t")
    print()


if __name__ == "__main__":
    if sys.argv[2:]:
        # One rendering, to look at: DIRECTORY NAME CASE
        name, case = sys.argv[2:4]
        template = compile_template((pathlib.Path(sys.argv[1]) / name).read_text())
        messages, tools = CASES[case]
        for variant in variants(messages):
            print(render(template, variant, tools))
            print("-" * 20)
    else:
        main(sys.argv[1])
