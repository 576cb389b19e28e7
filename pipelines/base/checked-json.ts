import { createHash } from 'node:crypto';
import { z } from 'zod';

const DIGEST = 'sha256';
const digestSchema = z.looseObject({ [DIGEST]: z.string() });

/** An object as JSON that says its own sha256: a digit that was changed on disk is still a number. */
export function toCheckedJson(value: Readonly<Record<string, unknown>>): Buffer {
  const text = JSON.stringify(value);
  return Buffer.from(JSON.stringify({ ...value, [DIGEST]: digestOf(text) }));
}

/** What was written, digest and all; undefined when the bytes are torn or changed. */
export function fromCheckedJson(bytes: Uint8Array): unknown {
  try {
    const value = digestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    const { [DIGEST]: digest, ...rest } = value;
    return digest === digestOf(JSON.stringify(rest)) ? rest : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
