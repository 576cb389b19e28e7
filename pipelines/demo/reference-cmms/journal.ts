import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

/** A file of JSON lines, each on disk before `append` returns. */
export interface Journal {
  append(entry: unknown): void;
  close(): void;
}

/**
 * Opens a journal and replays what is in it. A last line without its end is what a kill left of an entry that nobody
 * was told of: it is cut off.
 */
export function openJournal(path: string, replay: (entry: unknown) => void): Journal {
  const file = openSync(path, 'a+');
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  for (const line of whole.split('\n')) {
    if (line !== '') replay(JSON.parse(line));
  }
  return {
    append(entry) {
      writeSync(file, `${JSON.stringify(entry)}\n`);
      fsyncSync(file);
    },
    close() {
      closeSync(file);
    },
  };
}
