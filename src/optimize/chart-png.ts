/**
 * The chart as a picture, where the renderer is installed: it is native code, so it is an optional dependency, and a report
 * without a picture is still a report. Null says that there is none.
 */
export async function renderPng(svg: string): Promise<Uint8Array | null> {
	const renderer = await import("@resvg/resvg-js").catch(() => null);
	if (renderer === null) return null;
	const image = new renderer.Resvg(svg, {
		// Twice the size of the SVG: sharp on dense screens.
		fitTo: { mode: "zoom", value: 2 },
		font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" },
	}).render();
	return image.asPng();
}
