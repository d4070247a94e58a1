/** A PDF of one text line a page, written out by hand. */
export function smallPdf(
	title: string,
	pages: readonly string[],
): Uint8Array<ArrayBuffer> {
	const objects: string[] = [];
	const add = (body: string) => objects.push(body);
	const kids = pages.map((_, index) => `${4 + 2 * index} 0 R`).join(" ");
	add("<< /Type /Catalog /Pages 2 0 R >>");
	add(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
	add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
	for (const [index, text] of pages.entries()) {
		const stream = `BT /F1 12 Tf 72 720 Td (${text}) Tj ET`;
		add(
			`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${5 + 2 * index} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
		);
		add(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`);
	}
	add(`<< /Title (${title}) >>`);
	let file = "%PDF-1.4\n";
	const places = objects.map((body, index) => {
		const place = file.length;
		file += `${index + 1} 0 obj\n${body}\nendobj\n`;
		return place;
	});
	const start = file.length;
	const rows = places
		.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`)
		.join("");
	file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info ${objects.length} 0 R >>\nstartxref\n${start}\n%%EOF\n`;
	return new TextEncoder().encode(file);
}
