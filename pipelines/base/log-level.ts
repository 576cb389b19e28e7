/**
 * Levels of log lines, by consequence. error: data is lost or a person must act; warn: something went wrong and is
 * being mended; info: what somebody did took effect; debug: the work itself. Nothing is logged per reading or message.
 */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];
