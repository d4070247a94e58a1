const months = [
	...["January", "February", "March", "April", "May", "June"],
	...["July", "August", "September", "October", "November", "December"],
] as const;
const weekdays = [
	...["Sunday", "Monday", "Tuesday", "Wednesday"],
	...["Thursday", "Friday", "Saturday"],
] as const;

const pad = (value: number, length = 2, fill = "0") =>
	String(value).padStart(length, fill);

function dayOfYear(date: Date): number {
	const firstDay = Date.UTC(date.getFullYear(), 0, 1);
	const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
	return (day - firstDay) / 86_400_000 + 1;
}

const directives: Readonly<Record<string, (date: Date) => string>> = {
	"%": () => "%",
	A: (date) => weekdays[date.getDay()] as string,
	a: (date) => (weekdays[date.getDay()] as string).slice(0, 3),
	B: (date) => months[date.getMonth()] as string,
	b: (date) => (months[date.getMonth()] as string).slice(0, 3),
	d: (date) => pad(date.getDate()),
	e: (date) => pad(date.getDate(), 2, " "),
	F: (date) => toStrftime(date, "%Y-%m-%d"),
	H: (date) => pad(date.getHours()),
	I: (date) => pad(date.getHours() % 12 || 12),
	j: (date) => pad(dayOfYear(date), 3),
	M: (date) => pad(date.getMinutes()),
	m: (date) => pad(date.getMonth() + 1),
	p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
	S: (date) => pad(date.getSeconds()),
	T: (date) => toStrftime(date, "%H:%M:%S"),
	w: (date) => String(date.getDay()),
	Y: (date) => String(date.getFullYear()),
	y: (date) => pad(date.getFullYear() % 100),
};

/**
 * Python's `strftime` in its C locale and the machine's time zone: chat templates write dates with it, and models were
 * trained on English month names. A `-` after the `%` drops leading zeros; unknown directives stay as they are.
 */
export function toStrftime(date: Date, format: string): string {
	return format.replace(/%(-?)([%a-zA-Z])/g, (written, dash, letter) => {
		const text = directives[letter]?.(date);
		if (text === undefined) return written;
		return dash === "-" ? text.replace(/^[0 ]+(?=\d)/, "") : text;
	});
}
