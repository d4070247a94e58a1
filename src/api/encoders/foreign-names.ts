/** Names that other servers use, with what to send here. */
export const encoderForeignNames: Readonly<Record<string, string>> = {
	extra_body: "Send the fields inside it at the top level.",
	inputs: "Use 'input'.",
	texts: "Use 'input'; when reranking, 'documents'.",
	prompt: "Use 'input'.",
	embedding_types: "Use 'embedding_type', with one type.",
	output_dimension: "Use 'dimensions'.",
	output_dtype: "Use 'embedding_type'.",
	task: "Use 'input_type', query or passage.",
	prompt_name: "Use 'input_type', query or passage.",
	normalize: "Vectors are normalised where the model's own are: leave it out.",
	normalized: "Vectors are normalised where the model's own are: leave it out.",
	late_chunking: "Texts are embedded one by one: leave it out.",
	top_k: "Use 'top_n'.",
	return_text: "Use 'return_documents'.",
	raw_scores: "POST /v1/ranking answers raw logits.",
};
