/** What nobody published. */
export type Unknown = "unknown";

export interface CatalogVariant {
	name: string;
	quantisation: string;
	format: string;
	/** What `galley run` takes. */
	reference: string;
	sizeBytes: number | null;
}

export interface CatalogFit {
	verdict: "fits" | "too-big" | "not-served" | "unknown";
	variant: string | null;
	needBytes: number | null;
	availableBytes: number;
	variants: readonly { name: string; needBytes: number | null }[];
}

export interface CatalogEntry {
	id: string;
	name: string;
	publisher: string;
	tasks: readonly string[];
	domain: string;
	useCases: readonly string[];
	industries: readonly string[];
	parameters: number | Unknown;
	activeParameters?: number;
	variants: readonly CatalogVariant[];
	licence: { id: string; name: string; url: string; commercialUse: string };
	contextLength: number | Unknown | null;
	languages: readonly string[] | Unknown;
	memory: { bytes: number; note: string; source: string } | Unknown;
	settings: Readonly<Record<string, number | string>> | Unknown;
	capabilities: Readonly<
		Record<"tools" | "json" | "vision" | "reasoning", boolean | Unknown>
	>;
	released: string;
	served: { engine: "llama" | "onnx" | "none"; note: string | null };
	runBy: "galley" | null;
	sources: readonly string[];
	/** When somebody last read the publisher's text beside the entry; null: nobody said so. */
	checked?: { on: string; notFound: readonly string[] } | null;
	card: {
		background: string;
		intendedUse: string;
		limits: string;
		inputs: string;
		outputs: string;
		trainingData: string;
		benchmarks: readonly {
			name: string;
			value: number;
			metric: string;
			source: string;
		}[];
		safety: string;
	};
	origin?: string;
	fit: CatalogFit;
}

export const facetNames = [
	"task",
	"domain",
	"useCase",
	"industry",
	"publisher",
	"licence",
	"commercialUse",
	"size",
	"engine",
] as const;
export type FacetName = (typeof facetNames)[number];

export interface FacetCount {
	value: string;
	count: number;
}

export interface CatalogPage {
	entries: readonly CatalogEntry[];
	total: number;
	facets: Readonly<Partial<Record<FacetName, readonly FacetCount[]>>>;
	fitting: number;
	isLoose: boolean;
}

export const catalogSorts = [
	"relevance",
	"name",
	"size",
	"released",
	"publisher",
	"memory",
] as const;
export type CatalogSort = (typeof catalogSorts)[number];

export type CatalogFilter = Partial<Record<FacetName, readonly string[]>> & {
	query?: string;
	fits?: boolean;
	sort?: CatalogSort;
};

/** One way to run a model on this machine. */
export interface ModelProfile {
	fit: "compatible" | "low-memory" | "incompatible";
	id: string;
	name: string;
	source: string;
	device: string;
	reason: string | null;
	advice: string | null;
	profile: {
		settings: { contextLength?: number; maxSequences?: number };
		memory: { totalBytes: number; availableBytes: number };
		explanation: string;
	} | null;
}

export interface ProfilesReport {
	reference: string;
	isRemote: boolean;
	hardware?: {
		cpu: { model: string; physicalCores: number };
		memory: { totalBytes: number; availableBytes: number };
		gpus?: readonly { name: string }[];
	};
	profiles: readonly ModelProfile[];
	chosen: { id: string; source?: string } | null;
	failure: string | null;
	warnings?: readonly string[];
}
