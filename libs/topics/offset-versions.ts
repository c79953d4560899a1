/** OffsetCommit and OffsetFetch name topics by their ids from version 10 on; this client goes by names. */
export const offsetVersionMax = 9;
