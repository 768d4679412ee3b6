// Words about JetStream that a server without it knows too.

/** Embedded without a directory, files are kept in memory. */
export const IN_MEMORY = "in memory";
