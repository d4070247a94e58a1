/**
 * Who asks. Keys and tenants are names to the store: whoever checked the key says them. Nothing is read or written without.
 */
export interface Principal {
	/** Owner of what it makes: `key:4f1c` or `tenant:acme`. */
	id: string;
	/** Other names that it goes by: what is granted to those is granted to it. */
	groups?: readonly string[];
}

/** A grant to this name is a grant to everybody. */
export const everybody = "*";

/** Parameter for the conditions below. */
export function namesOf({ id, groups = [] }: Principal): string[] {
	return [id, ...groups.filter((group) => group !== everybody), everybody];
}

/** SQL: whether the names in `parameter` (text[]) may read the collection `alias`. */
export function mayRead(alias: string, parameter: string): string {
	return grantCondition(alias, parameter, "");
}

export function mayWrite(alias: string, parameter: string): string {
	return grantCondition(alias, parameter, "and role = 'writer'");
}

export function mayManage(alias: string, parameter: string): string {
	return `(not ${alias}.is_removed and ${alias}.owner = any(${parameter}::text[]))`;
}

function grantCondition(alias: string, parameter: string, role: string) {
	return `(not ${alias}.is_removed and (${alias}.owner = any(${parameter}::text[]) or exists (
		select from collection_grants where collection_id = ${alias}.id and grantee = any(${parameter}::text[]) ${role})))`;
}
