import { useSyncExternalStore } from "react";

function subscribe(onChange: () => void): () => void {
	window.addEventListener("online", onChange);
	window.addEventListener("offline", onChange);
	return () => {
		window.removeEventListener("online", onChange);
		window.removeEventListener("offline", onChange);
	};
}

/** A gateway on this machine answers without any network. */
function isReachable(): boolean {
	const isLocal = /^(localhost|127\.|\[::1\])/.test(window.location.hostname);
	return isLocal || navigator.onLine;
}

export function useOnline(): boolean {
	return useSyncExternalStore(subscribe, isReachable);
}
