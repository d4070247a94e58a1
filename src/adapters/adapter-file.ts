/** An adapter that can be loaded: one file with one content. When the content changes it is another adapter. */
export interface AdapterFile {
	/** Of its content: prefixes that were computed with the same id can be shared. */
	id: string;
	/** What people call it, for messages. */
	name: string;
	/** A GGUF file. */
	path: string;
	/** As the file was when its content was looked at. */
	sizeBytes: number;
	modifiedMs: number;
}

/** An adapter that a request asks for. */
export interface RequestedAdapter {
	file: AdapterFile;
	scale: number;
}
