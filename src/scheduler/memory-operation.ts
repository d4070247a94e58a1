/** What the engine must do to its memory before the next step, in this order. The scheduler decides, the loop carries out. */
export type MemoryOperation =
	/** A slot keeps only its positions before `from`. */
	| { type: "remove"; slot: number; from: number }
	/** A slot, empty until now, gets the first `end` positions of another. */
	| { type: "copy"; source: number; slot: number; end: number }
	/** A slot gives its own positions `from` to `end` up for another's equal ones (unified layout). */
	| { type: "relink"; source: number; slot: number; from: number; end: number }
	/** Everything a slot holds is written down outside the engine. */
	| {
			type: "save";
			slot: number;
			id: number;
			namespace: string;
			tokens: Int32Array;
	  }
	/** A slot, empty until now, gets the first `end` positions of a saved state. */
	| { type: "restore"; slot: number; id: number; end: number };
