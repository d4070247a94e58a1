import { hash, randomBytes } from "node:crypto";

/** 256 random bits, which nobody can guess; the prefix lets scanners for leaked secrets find them. */
export function createSecret(): string {
	return `gk_${randomBytes(32).toString("base64url")}`;
}

/** Whether a word can be a key of ours: anything else needs no look into the database. */
export function looksLikeSecret(word: string): boolean {
	return /^gk_[\w-]{43}$/.test(word);
}

/**
 * Hex sha256: all that is kept of a key. Slow hashes protect passwords, which people choose and others guess; 256 random bits
 * can't be tried out however fast the hash is, and every request would pay for a slow one.
 */
export function hashOfSecret(secret: string): string {
	return hash("sha256", secret);
}

/** Shown to tell keys apart: 42 of the 256 bits. */
export function prefixOfSecret(secret: string): string {
	return secret.slice(0, 10);
}
