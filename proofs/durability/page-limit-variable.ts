/** The environment variable that says by how many pages the database may grow. */
export const PAGES_LEFT_VARIABLE = 'PROOFS_PAGES_LEFT';
