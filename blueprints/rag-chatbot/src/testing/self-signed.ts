import { generateKeyPairSync, sign } from "node:crypto";

export interface Certificate {
	/** PEM. */
	key: string;
	cert: string;
}

/** A certificate that nobody vouches for; its parts follow RFC 5280, section 4.1. */
export function selfSigned(
	name: string,
	validFrom: Date,
	validTo: Date,
): Certificate {
	const { privateKey, publicKey } = generateKeyPairSync("ec", {
		namedCurve: "P-256",
	});
	const ecdsaWithSha256 = sequence(der(0x06, hex("2a8648ce3d040302")));
	const commonName = sequence(
		der(0x31, sequence(der(0x06, hex("550403")), der(0x0c, Buffer.from(name)))),
	);
	// dNSName is [2] of the alternative names.
	const names = sequence(der(0x82, Buffer.from(name)));
	const extensions = sequence(
		sequence(der(0x06, hex("551d11")), der(0x04, names)),
	);
	const body = sequence(
		der(0xa0, der(0x02, hex("02"))),
		der(0x02, hex("01")),
		ecdsaWithSha256,
		commonName,
		sequence(time(validFrom), time(validTo)),
		commonName,
		publicKey.export({ type: "spki", format: "der" }),
		der(0xa3, extensions),
	);
	const signature = sign("sha256", body, privateKey);
	// No bits of the last byte are unused.
	const bits = der(0x03, Buffer.concat([hex("00"), signature]));
	const whole = sequence(body, ecdsaWithSha256, bits).toString("base64");
	const lines = whole.match(/.{1,64}/g) ?? [];
	return {
		key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
		cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
	};
}

function der(tag: number, content: Buffer): Buffer {
	const { length } = content;
	const size =
		length < 128
			? [length]
			: length < 256
				? [0x81, length]
				: [0x82, length >> 8, length & 255];
	return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
	return der(0x30, Buffer.concat(parts));
}

function time(date: Date): Buffer {
	const digits = date.toISOString().replace(/\.\d+|[-T:]/g, "");
	return der(0x18, Buffer.from(digits));
}

function hex(digits: string): Buffer {
	return Buffer.from(digits, "hex");
}
