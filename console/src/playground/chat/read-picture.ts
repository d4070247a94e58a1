export const mostPictures = 4;

/** Models see no more than this; larger pictures only take room. */
const longestSide = 1024;

/** A picture as a `data:` URL, made small enough to be sent and kept; null when it is none. */
export async function readPicture(file: File): Promise<string | null> {
	try {
		const bitmap = await createImageBitmap(file);
		const scale = Math.min(
			1,
			longestSide / Math.max(bitmap.width, bitmap.height),
		);
		const canvas = document.createElement("canvas");
		canvas.width = Math.max(1, Math.round(bitmap.width * scale));
		canvas.height = Math.max(1, Math.round(bitmap.height * scale));
		const context = canvas.getContext("2d");
		if (context === null) return null;
		// Pictures with holes get a ground: JPEG has none.
		context.fillStyle = "#fff";
		context.fillRect(0, 0, canvas.width, canvas.height);
		context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
		bitmap.close();
		return canvas.toDataURL("image/jpeg", 0.9);
	} catch {
		// Not a picture, which is the answer.
		return null;
	}
}
