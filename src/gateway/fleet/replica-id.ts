/** `starter-chat/1` */
export function replicaId(service: string, number: number): string {
	return `${service}/${number}`;
}

/** Null for a replica of another service. */
export function replicaNumber(id: string, service: string): number | null {
	const slash = id.lastIndexOf("/");
	const number = Number(id.slice(slash + 1));
	return id.slice(0, slash) === service && Number.isInteger(number)
		? number
		: null;
}
