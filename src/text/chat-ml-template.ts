/**
 * For models that bring no template: ChatML, which most instruction-tuned models without one were trained on, and which
 * base models follow best. It knows no tools, and says so rather than leaving them out.
 */
export const chatMlTemplate = `{%- if tools %}
    {{- raise_exception("This model has no chat template of its own, and the default one knows no tools. Leave tools out, or give a chat_template that knows them.") }}
{%- endif %}
{%- for message in messages %}
    {{- "<|im_start|>" + message.role + "\\n" + message.content + "<|im_end|>\\n" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|im_start|>assistant\\n" }}
{%- endif %}`;
