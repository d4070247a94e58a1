import { Group, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef } from "react";
import type { FleetMoment } from "../api/fleet-types.ts";
import { type ChartColors, useChartColors } from "../charts/chart-colors.ts";
import { type Lanes, layOutLanes } from "./sequence-lanes.ts";

interface SequenceTimelineProps {
	moments: readonly FleetMoment[];
	service: string;
	windowSeconds?: number;
}

const axisHeight = 22;

/** The last minute of a service: every bar is a sequence; bars above each other, between dotted lines, were in one batch of a replica. */
export function SequenceTimeline({
	moments,
	service,
	windowSeconds = 60,
}: SequenceTimelineProps) {
	const colors = useChartColors();
	const canvas = useRef<HTMLCanvasElement>(null);
	const { ref, width } = useElementSize<HTMLDivElement>();
	const now = moments.at(-1)?.at ?? 0;
	const from = now - windowSeconds * 1000;
	const lanes = useMemo(
		() => layOutLanes(moments, service, from),
		[moments, service, from],
	);
	const laneHeight = lanes.lanes > 40 ? 6 : lanes.lanes > 16 ? 10 : 16;
	const height = Math.max(6, lanes.lanes) * laneHeight + axisHeight;
	useEffect(() => {
		const context = canvas.current?.getContext("2d");
		if (context === null || context === undefined || width === 0) return;
		const ratio = window.devicePixelRatio;
		context.canvas.width = width * ratio;
		context.canvas.height = height * ratio;
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		draw(context, { lanes, colors, width, height, laneHeight, from, now });
	}, [lanes, colors, width, height, laneHeight, from, now]);
	const current =
		moments
			.at(-1)
			?.services.find(({ name }) => name === service)
			?.replicas.flatMap(({ sequences }) => sequences) ?? [];
	const inState = (state: string) =>
		current.filter((sequence) => sequence.state === state).length;
	return (
		<div>
			<div ref={ref}>
				<canvas
					ref={canvas}
					role="img"
					aria-label={`Sequences of the last ${windowSeconds} seconds: ${lanes.bars.length} in all; now ${inState("decode")} decoding, ${inState("prefill")} in prefill, ${inState("waiting")} waiting`}
					style={{ display: "block", width: "100%", height }}
				/>
			</div>
			<Group gap="md" mt="xs">
				<Key color={colors.waiting} text="waiting" />
				<Key color={colors.prefill} text="prefill" />
				<Key color={colors.decode} text="decode" />
				<Key
					color={colors.cached}
					text="prompt taken from the prefix cache (its share, at the bar's start)"
				/>
			</Group>
		</div>
	);
}

function Key({ color, text }: { color: string; text: string }) {
	return (
		<Group gap={6} wrap="nowrap">
			<svg width="10" height="10" aria-hidden="true">
				<rect width="10" height="10" rx="3" fill={color} />
			</svg>
			<Text size="xs" c="dimmed">
				{text}
			</Text>
		</Group>
	);
}

interface Drawing {
	lanes: Lanes;
	colors: ChartColors;
	width: number;
	height: number;
	laneHeight: number;
	from: number;
	now: number;
}

function draw(
	context: CanvasRenderingContext2D,
	{ lanes, colors, width, height, laneHeight, from, now }: Drawing,
): void {
	const toX = (at: number) => ((at - from) / Math.max(1, now - from)) * width;
	context.clearRect(0, 0, width, height);
	context.font = "11px system-ui, sans-serif";
	context.fillStyle = colors.axis;
	context.strokeStyle = colors.grid;
	context.lineWidth = 1;
	for (let seconds = 0; seconds <= 60; seconds += 10) {
		const x = Math.round(toX(now - seconds * 1000)) - 0.5;
		if (x < -1) continue;
		context.beginPath();
		context.moveTo(x, 0);
		context.lineTo(x, height - axisHeight + 4);
		context.stroke();
		context.textAlign = seconds === 0 ? "right" : x < 20 ? "left" : "center";
		context.fillText(
			seconds === 0 ? "now" : `−${seconds} s`,
			Math.max(0, x),
			height - 5,
		);
	}
	for (const { firstLane } of lanes.replicas.slice(1)) {
		const y = Math.round(firstLane * laneHeight) - 0.5;
		context.strokeStyle = colors.axis;
		context.setLineDash([2, 3]);
		context.beginPath();
		context.moveTo(0, y);
		context.lineTo(width, y);
		context.stroke();
	}
	context.setLineDash([]);
	const thickness = laneHeight - (laneHeight > 8 ? 4 : 1.5);
	for (const { lane, segments, cachedShare } of lanes.bars) {
		const y = lane * laneHeight + (laneHeight - thickness) / 2;
		for (const segment of segments) {
			const start = Math.max(0, toX(segment.from));
			const length = Math.max(2, toX(segment.to) - start);
			context.fillStyle = colors[segment.state];
			context.globalAlpha = segment.state === "waiting" ? 0.55 : 1;
			context.beginPath();
			context.roundRect(start, y, length, thickness, 2);
			context.fill();
		}
		context.globalAlpha = 1;
		const start = toX(segments[0]?.from ?? 0);
		if (cachedShare > 0.01 && start >= 0) {
			context.fillStyle = colors.cached;
			context.beginPath();
			context.roundRect(start, y, 3 + cachedShare * 9, thickness, 2);
			context.fill();
		}
	}
}
