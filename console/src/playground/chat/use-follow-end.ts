import { type RefObject, useCallback, useEffect, useRef } from "react";

/** How far from the end somebody may be and still count as reading there. */
const nearPixels = 120;

/** Keeps the end in sight while it grows, until the reader scrolls away. Answers a function that goes there again. */
export function useFollowEnd(
	place: RefObject<HTMLElement | null>,
	growing: unknown,
): () => void {
	const isFollowing = useRef(false);

	useEffect(() => {
		let last = window.scrollY;
		const onScroll = () => {
			const page = document.documentElement;
			const left = page.scrollHeight - page.clientHeight - window.scrollY;
			// Only the reader scrolls up; a page that grows does not.
			if (window.scrollY < last - 2 && left > nearPixels)
				isFollowing.current = false;
			else if (left < nearPixels) isFollowing.current = true;
			last = window.scrollY;
		};
		window.addEventListener("scroll", onScroll, { passive: true });
		return () => window.removeEventListener("scroll", onScroll);
	}, []);

	// biome-ignore lint/correctness/useExhaustiveDependencies: whenever it grew
	useEffect(() => {
		// In a tab that is not looked at there is nothing to follow.
		const isSeen = (place.current?.offsetParent ?? null) !== null;
		if (!isFollowing.current || !isSeen) return;
		window.scrollTo({ top: document.documentElement.scrollHeight });
	}, [growing]);

	return useCallback(() => {
		isFollowing.current = true;
	}, []);
}
