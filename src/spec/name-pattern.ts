/** Names of machines and snapshots. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/ // azl4-eval
