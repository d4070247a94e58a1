import { element } from "../page/element.js";

const reach = 12;
const margin = 18;
const colours = 8;

/** Points on a canvas: the pointer or the arrow keys choose one, a click or Enter opens its passage. */
export class MapView {
	#points;
	#onOpen;
	#canvas;
	#note = element("p", {
		class: "map-note",
		role: "status",
		"aria-live": "polite",
	});
	#current = null;
	#observer;
	#themes;
	#scheme = matchMedia("(prefers-color-scheme: dark)");
	#redraw = () => this.#draw();

	/** `points`: documentId, chunkId, title, x, y. */
	constructor(points, onOpen) {
		this.#onOpen = onOpen;
		const documents = [...new Set(points.map(({ documentId }) => documentId))];
		const colour = new Map(documents.map((id, index) => [id, index % colours]));
		this.#points = scaled(points).map((point) => ({
			...point,
			colour: colour.get(point.documentId),
		}));
		this.#canvas = element("canvas", {
			class: "map",
			tabindex: "0",
			role: "application",
			"aria-label": `Map of ${points.length} passages in ${documents.length} documents. Arrow keys go to the next point, Enter opens it.`,
			on: {
				pointermove: (event) => this.#choose(this.#under(event)),
				pointerleave: () => this.#choose(null),
				click: (event) => {
					this.#choose(this.#under(event));
					this.#open();
				},
				keydown: (event) => this.#key(event),
			},
		});
		this.node = element(
			"div",
			{ class: "map-frame" },
			this.#canvas,
			this.#note,
		);
		this.#observer = new ResizeObserver(this.#redraw);
		this.#observer.observe(this.#canvas);
		this.#scheme.addEventListener("change", this.#redraw);
		// The colours also change by the button.
		this.#themes = new MutationObserver(this.#redraw);
		this.#themes.observe(document.documentElement, {
			attributeFilter: ["data-theme"],
		});
	}

	close() {
		this.#observer.disconnect();
		this.#themes.disconnect();
		this.#scheme.removeEventListener("change", this.#redraw);
	}

	#place({ x, y }) {
		const { clientWidth, clientHeight } = this.#canvas;
		return {
			left: margin + x * (clientWidth - 2 * margin),
			top: margin + (1 - y) * (clientHeight - 2 * margin),
		};
	}

	#under({ offsetX, offsetY }) {
		let nearest = null;
		let least = reach;
		for (const point of this.#points) {
			const { left, top } = this.#place(point);
			const distance = Math.hypot(left - offsetX, top - offsetY);
			if (distance < least) {
				least = distance;
				nearest = point;
			}
		}
		return nearest;
	}

	#key(event) {
		if (event.key === "Enter") {
			// What gets the focus next would be pressed as well.
			event.preventDefault();
			return this.#open();
		}
		const step = steps[event.key];
		if (step === undefined) return;
		event.preventDefault();
		this.#choose(this.#next(step) ?? this.#current);
	}

	/** The nearest in that direction: what lies aside counts as three times as far. */
	#next([right, down]) {
		if (this.#current === null) return this.#points[0];
		const from = this.#place(this.#current);
		let nearest = null;
		let least = Number.POSITIVE_INFINITY;
		for (const point of this.#points) {
			const { left, top } = this.#place(point);
			const ahead = (left - from.left) * right + (top - from.top) * down;
			if (ahead <= 0.5) continue;
			const aside = Math.abs(
				(left - from.left) * down - (top - from.top) * right,
			);
			if (ahead + 3 * aside < least) {
				least = ahead + 3 * aside;
				nearest = point;
			}
		}
		return nearest;
	}

	#choose(point) {
		if (point === this.#current) return;
		this.#current = point;
		this.#note.textContent = point === null ? "" : point.title || "Untitled";
		this.#canvas.classList.toggle("is-over", point !== null);
		this.#draw();
	}

	#open() {
		if (this.#current !== null) this.#onOpen(this.#current, this.#canvas);
	}

	#draw() {
		const canvas = this.#canvas;
		const { clientWidth, clientHeight } = canvas;
		if (clientWidth === 0) return;
		const scale = devicePixelRatio;
		canvas.width = clientWidth * scale;
		canvas.height = clientHeight * scale;
		const context = canvas.getContext("2d");
		context.scale(scale, scale);
		const colourOf = coloursOf(canvas);
		const radius = this.#points.length > 1500 ? 2.5 : 4.5;
		const dot = (point, size, name) => {
			const { left, top } = this.#place(point);
			context.fillStyle = colourOf(name);
			context.beginPath();
			context.arc(left, top, size, 0, 2 * Math.PI);
			context.fill();
		};
		context.globalAlpha = 0.75;
		for (const point of this.#points)
			dot(point, radius, `--point-${point.colour}`);
		context.globalAlpha = 1;
		if (this.#current === null) return;
		dot(this.#current, radius + 5, "--text");
		dot(this.#current, radius + 3, `--point-${this.#current.colour}`);
	}
}

/** Colours by the names of the style sheet. A name stands for two, the light one and the dark one: only a style that uses it tells which. */
function coloursOf(canvas) {
	const known = new Map();
	const style = getComputedStyle(canvas);
	return (name) => {
		let colour = known.get(name);
		if (colour === undefined) {
			canvas.style.color = `var(${name})`;
			colour = style.color;
			canvas.style.color = "";
			known.set(name, colour);
		}
		return colour;
	};
}

const steps = {
	ArrowRight: [1, 0],
	ArrowLeft: [-1, 0],
	ArrowDown: [0, 1],
	ArrowUp: [0, -1],
};

/** Both axes to 0..1; a line of points stands in the middle. */
function scaled(points) {
	const range = (name) => {
		let least = Number.POSITIVE_INFINITY;
		let most = Number.NEGATIVE_INFINITY;
		for (const point of points) {
			least = Math.min(least, point[name]);
			most = Math.max(most, point[name]);
		}
		return (value) => (most > least ? (value - least) / (most - least) : 0.5);
	};
	const x = range("x");
	const y = range("y");
	return points.map((point) => ({ ...point, x: x(point.x), y: y(point.y) }));
}
