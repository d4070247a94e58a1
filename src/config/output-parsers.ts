/**
 * Names of `--tool-call-parser` and `--reasoning-parser`, as text/tool-calls/tool-call-families.ts and
 * text/reasoning/reasoning-styles.ts have them (a test compares): vLLM's where it has one.
 */
export const toolCallParsers = [
	"auto",
	"none",
	"harmony",
	"openai",
	"deepseek_v3",
	"deepseek_v31",
	"mistral",
	"phi4_mini_json",
	"granite",
	"granite-20b-fc",
	"functionary",
	"qwen3_coder",
	"functionary_v3_llama_31",
	"hermes",
	"qwen",
	"pythonic",
	"llama4_pythonic",
	"llama3_json",
	"llama4_json",
	"gemma",
	"json",
	"generic",
] as const;

export const reasoningParsers = [
	"auto",
	"none",
	"openai_gptoss",
	"harmony",
	"mistral",
	"seed_oss",
	"granite",
	"deepseek_r1",
	"qwen3",
	"deepseek_v3",
	"glm45",
	"hunyuan_a13b",
	"minimax_m2",
	"think",
] as const;
