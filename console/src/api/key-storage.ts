const name = "galley.key";

/** The key this browser signed in with: for this tab, or for this browser when that was asked for. */
export function storedKey(): string | null {
	return sessionStorage.getItem(name) ?? localStorage.getItem(name);
}

export function storeKey(key: string, remember: boolean): void {
	forgetKey();
	(remember ? localStorage : sessionStorage).setItem(name, key);
}

export function forgetKey(): void {
	sessionStorage.removeItem(name);
	localStorage.removeItem(name);
}
