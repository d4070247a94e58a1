"""The chat format: ChatML. `CHAT_TEMPLATE` goes into the GGUF; `render` does the same in Python for training, piece by piece."""
import json

# Kept to loops, ifs and `tojson`, which the small Jinja engines in JavaScript and C++ all know.
CHAT_TEMPLATE = """{%- if tools -%}
{{- '<|im_start|>system\\n' -}}
{%- if messages[0].role == 'system' -%}{{- messages[0].content + '\\n\\n' -}}{%- endif -%}
{{- 'You can call these tools:\\n' -}}
{%- for tool in tools -%}{{- tool | tojson -}}{{- '\\n' -}}{%- endfor -%}
{{- 'To call one, answer with <tool_call>{"name": NAME, "arguments": ARGUMENTS}</tool_call><|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{%- if not tools or not loop.first -%}{{- '<|im_start|>system\\n' + message.content + '<|im_end|>\\n' -}}{%- endif -%}
{%- elif message.role == 'user' -%}
{{- '<|im_start|>user\\n' + message.content + '<|im_end|>\\n' -}}
{%- elif message.role == 'assistant' -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if message.content -%}{{- message.content -}}{%- endif -%}
{%- if message.tool_calls -%}
{%- for call in message.tool_calls -%}
{%- if call.function -%}{%- set call = call.function -%}{%- endif -%}
{{- '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' -}}
{%- if call.arguments is string -%}{{- call.arguments -}}{%- else -%}{{- call.arguments | tojson -}}{%- endif -%}
{{- '}\\n</tool_call>' -}}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- elif message.role == 'tool' -%}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' -}}
{%- else -%}
{{- raise_exception('Unknown role ' + message.role + ': use system, user, assistant or tool.') -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""


def tool_system_text(system, tools):
    lines = [json.dumps(tool) for tool in tools]
    head = f"{system}\n\n" if system else ""
    return head + "\n".join(["You can call these tools:", *lines, 'To call one, answer with <tool_call>{"name": NAME, "arguments": ARGUMENTS}</tool_call>'])


def pieces(messages):
    """messages: [(role, text)] -> [(text, is said by the assistant)]; the end mark counts as said, the model must learn to stop."""
    out = []
    for role, text in messages:
        if role == "tool":
            role, text = "user", f"<tool_response>\n{text}\n</tool_response>"
        if role == "assistant":
            out += [("<|im_start|>assistant\n", False), (f"{text}<|im_end|>", True), ("\n", False)]
        else:
            out.append((f"<|im_start|>{role}\n{text}<|im_end|>\n", False))
    return out


def render(messages, add_generation_prompt=False):
    return "".join(text for text, _ in pieces(messages)) + ("<|im_start|>assistant\n" if add_generation_prompt else "")
