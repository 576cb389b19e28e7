import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Message } from '../../operators/model/message.ts';
import type { Duration } from '../../operators/model/time.ts';
import { EXIT, Problem } from '../base/problem.ts';

/** A message of a recording: it gets its place in a log when it is read in order with all others. */
export type Recorded = Omit<Message, 'sequence'>;

/** How event and append times are moved: 0 for the times of the recording itself. */
export type Shifted = { readonly shift: Duration };

/**
 * Each message of a recording names its producer and counts, so that one published twice is recognised. `boot` is '0'
 * for the recording itself: the same recording is the same messages.
 */
export function lineage(name: string, boot: string, count: number): Record<string, string> {
  return { 'Andon-Producer': `${name}/${boot}`, 'Andon-Sequence': String(count) };
}

export function wrongRecording(parts: {
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}): Problem {
  const remedy = 'Correct the recording or its description.';
  return new Problem({ ...parts, remedy, exit: EXIT.input });
}

/** Rejects with a `Problem` when the file of a recording is not there. */
export async function present(file: string): Promise<void> {
  try {
    await access(file);
  } catch (error) {
    const parts = {
      where: file,
      expected: 'the file of the recording',
      found: 'none that can be read',
      remedy: 'Correct `file` in its description, or say with --base where it lies.',
      exit: EXIT.input,
    };
    throw new Problem(parts, { cause: error });
  }
}

/** The lines of a text file, unpacked when it ends in `.gz`. */
export function linesOf(file: string): AsyncIterable<string> {
  const bytes = createReadStream(file);
  const input = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}
