import { useEffect } from "react";

/** Escape stops what is under way, unless something nearer has a use for it: an open menu, a dialog. */
export function useStopOnEscape(isRunning: boolean, stop: () => void): void {
	useEffect(() => {
		if (!isRunning) return;
		const onKey = (event: KeyboardEvent) => {
			if (event.key !== "Escape" || event.defaultPrevented) return;
			if (document.querySelector('[role="dialog"][aria-modal="true"]')) return;
			stop();
		};
		window.addEventListener("keydown", onKey);
		return () => window.removeEventListener("keydown", onKey);
	}, [isRunning, stop]);
}
