interface Format {
	/** Anchored. */
	readonly pattern: string;
	/** Every valid text is generated, not only the usual ones. */
	readonly isExact: boolean;
}

const leapYear =
	"(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
const date = `(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))|${leapYear}-02-29)`;
const time =
	"([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+\\-]([01]\\d|2[0-3]):[0-5]\\d)";
/** Without "--", so that no label claims to be Punycode. */
const label = "[a-zA-Z0-9](-?[a-zA-Z0-9]){0,31}";
const hostname = `${label}(\\.${label}){0,2}`;
const byte = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = `(${byte}\\.){3}${byte}`;
const group = "[0-9a-fA-F]{1,4}";
/** Groups and at most one "::", as RFC 4291 writes them. */
const ipv6 = [
	`(${group}:){7}${group}`,
	...Array.from({ length: 8 }, (_, before) => {
		const left = before === 0 ? "" : `${group}(:${group}){${before - 1}}`;
		const after = 7 - before;
		const right = after === 0 ? "" : `(${group}(:${group}){0,${after - 1}})?`;
		return `${left}::${right}`;
	}),
].join("|");
const unreserved = "[A-Za-z0-9\\-._~!$&'()*+,;=:@]";
const percent = "%[0-9A-Fa-f]{2}";
const segment = `(${unreserved}|${percent})`;
const path = `(/${segment}*)*`;
const absolutePath = `(/(${segment}+(/${segment}*)*)?)?`;
const tail = `(\\?(${segment}|[/?])*)?(#(${segment}|[/?])*)?`;
const uri = `[a-zA-Z][a-zA-Z0-9+\\-.]*://${hostname}(:\\d{1,5})?${path}${tail}`;
const reference = `${uri}|${absolutePath}${tail}`;
const atom = "[a-z0-9!#$%&'*+/=?^_{|}~`\\-]+";
const email = `${atom}(\\.${atom}){0,3}@${label.toLowerCase()}(\\.${label.toLowerCase()}){1,2}`;

/** The formats of JSON Schema 2020-12 that are asserted, and OpenAPI's. */
export const formats: Readonly<Record<string, Format>> = {
	date: { pattern: date, isExact: true },
	time: { pattern: time, isExact: false },
	"date-time": { pattern: `${date}T${time}`, isExact: false },
	duration: {
		pattern:
			"P(\\d+W|(\\d+Y(\\d+M(\\d+D)?)?|\\d+M(\\d+D)?|\\d+D)(T(\\d+H(\\d+M(\\d+S)?)?|\\d+M(\\d+S)?|\\d+S))?|T(\\d+H(\\d+M(\\d+S)?)?|\\d+M(\\d+S)?|\\d+S))",
		isExact: true,
	},
	email: { pattern: email, isExact: false },
	"idn-email": { pattern: email, isExact: false },
	"idn-hostname": { pattern: hostname, isExact: false },
	iri: { pattern: uri, isExact: false },
	"iri-reference": { pattern: reference, isExact: false },
	"uri-template": { pattern: reference, isExact: false },
	regex: {
		pattern: "([A-Za-z0-9 _@:;,=<>!#%&~'\"-]|\\\\[dDwWsS.])*",
		isExact: false,
	},
	hostname: { pattern: hostname, isExact: false },
	ipv4: { pattern: ipv4, isExact: true },
	ipv6: { pattern: ipv6, isExact: false },
	uuid: {
		pattern: "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
		isExact: true,
	},
	uri: { pattern: uri, isExact: false },
	"uri-reference": { pattern: reference, isExact: false },
	"json-pointer": { pattern: "(/([^/~]|~[01])*)*", isExact: true },
	"relative-json-pointer": {
		pattern: "(0|[1-9]\\d*)(#|(/([^/~]|~[01])*)*)",
		isExact: true,
	},
};
