/**
 * What every connection is told. `relaxed_order` lets an index scan go on when a filter threw away what it found; the order
 * it loosens is restored by the sort around it. https://github.com/pgvector/pgvector#iterative-index-scans
 */
export const sessionSettings = `
set hnsw.ef_search = 80;
set hnsw.iterative_scan = relaxed_order;
set hnsw.max_scan_tuples = 20000;
`;
