import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { CatalogEntry } from "../api/catalog-types.ts";
import {
	formatParameters,
	formatTokens,
	formatWord,
} from "../components/quantities.ts";
import { describeFit } from "./describe-fit.ts";
import classes from "./model-card.module.css";
import { PublisherMark } from "./publisher-mark.tsx";

interface ModelCardProps {
	entry: CatalogEntry;
	isChosen: boolean;
	onChoose: (id: string, isChosen: boolean) => void;
}

/** Plain elements: dozens of cards come and go while somebody scrolls. */
export const ModelCard = memo(function ModelCard({
	entry,
	isChosen,
	onChoose,
}: ModelCardProps) {
	const { id, name, publisher, tasks, card, parameters, contextLength } = entry;
	const [task] = tasks;
	const fit = describeFit(entry.fit);
	return (
		<article className={classes.card}>
			<div className={classes.head}>
				<PublisherMark name={publisher} />
				<div className={classes.names}>
					<Link
						to="/models/$modelId"
						params={{ modelId: id }}
						className={classes.link}
						preload={false}
					>
						{name}
					</Link>
					<span className={classes.publisher}>{publisher}</span>
				</div>
			</div>
			<p className={classes.use}>{card.intendedUse}</p>
			<div className={classes.tags}>
				{task !== undefined && (
					<span className={classes.task} title={formatWord(task)}>
						{formatWord(task)}
					</span>
				)}
				<span className={classes.tag}>
					{parameters === "unknown"
						? "size unknown"
						: formatParameters(parameters)}
				</span>
				{typeof contextLength === "number" && (
					<span className={classes.tag} title="Context in tokens">
						{formatTokens(contextLength)} context
					</span>
				)}
			</div>
			<div className={classes.foot}>
				<span className={classes.fit}>
					<span
						className={classes.dot}
						style={{ backgroundColor: fit.color }}
						aria-hidden="true"
					/>
					{fit.text}
				</span>
				<label className={classes.choice}>
					Compare
					<input
						type="checkbox"
						checked={isChosen}
						onChange={({ currentTarget }) =>
							onChoose(id, currentTarget.checked)
						}
						aria-label={`Compare ${name}`}
					/>
				</label>
			</div>
		</article>
	);
});
