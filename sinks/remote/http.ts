// What every call needs of HTTP and JSON: its address, a body of bounded length, and values in the answer.

import { printable } from '../../operators/model/plain.ts';
import type { AnswerPlace } from './call-config.ts';
import { CallError } from './outcome.ts';
import { TemplateError } from './template.ts';

/** What came back with a status of 2xx. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
};

/** More than this is no answer to anything that we ask. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Reads a body as text, up to a bound. Throws beyond it, so that no server can fill our memory. */
export async function readBody(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MOST_BYTES) throw new CallError(`answer longer than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Deeper than this no answer is nested. What works on JSON level by level would run out of stack. */
const MOST_LEVELS = 200;

/** The parsed JSON of an answer; undefined when it is none, or nested without end. */
export function jsonOf({ text }: Answer): unknown {
  if (isNestedBeyond(text, MOST_LEVELS)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNestedBeyond(json: string, most: number): boolean {
  let level = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const sign = json[at];
    if (inText && sign === '\\') at += 1;
    else if (sign === '"') inText = !inText;
    else if (inText) continue;
    else if (sign === '[' || sign === '{') level += 1;
    else if (sign === ']' || sign === '}') level -= 1;
    if (level > most) return true;
  }
  return false;
}

/** The first words of a text, on one line, for a person to read in a history. */
export function excerpt(text: string): string {
  const line = printable(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Reads a JSON pointer (RFC 6901) of a parsed JSON value; undefined where nothing is. The empty pointer is the whole. */
export function valueAt(value: unknown, pointer: string): unknown {
  if (pointer === '') return value;
  let found = value;
  for (const token of pointer.slice(1).split('/')) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = Reflect.get(found, name);
  }
  return found;
}

/** What stands at a place of an answer; undefined where nothing does. */
export function placeIn(answer: Answer, json: unknown, place: AnswerPlace): unknown {
  if ('header' in place) return answer.headers.get(place.header) ?? undefined;
  return valueAt(json, place.pointer);
}

/** The text of a string or number that a pointer leads to; undefined for anything else. */
export function textAt(value: unknown, pointer: string): string | undefined {
  const found = valueAt(value, pointer);
  if (typeof found === 'string') return found === '' ? undefined : found;
  return typeof found === 'number' ? String(found) : undefined;
}

/** A text as the value of a header. Throws where it cannot be one, and never quotes it: it may be a secret. */
export function headerValue(text: string, what: string): string {
  const value = text.trim();
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  throw new CallError(
    `${what}: expected one line of Latin letters, digits and signs, found a text with others.`,
  );
}

/** The address of a server. Throws where it is none, or holds credentials: they would be shown beside it. */
export function serverAddress(text: string, what: string): string {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  const held = address?.username !== '' || address.password !== '';
  if (address !== undefined && !held) return text;
  const found = address === undefined ? 'another text' : 'one with a user or password';
  throw new CallError(
    `${what}: expected an address such as https://host/api, found ${found}. Give credentials by \`auth\`.`,
  );
}

/**
 * The full address of a call. A path that is an address itself (some systems name their objects so) must lead to the
 * same server: the credentials go with it.
 */
export function addressOf(
  base: string,
  path: string,
  query: Readonly<Record<string, string>>,
): URL {
  const absolute = /^https?:\/\//.test(path);
  const text = absolute ? path : `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  if (!URL.canParse(text)) throw new TemplateError(`expected an address, found ${excerpt(text)}.`);
  const address = new URL(text);
  if (address.origin !== new URL(base).origin) {
    throw new TemplateError(
      `expected an address on ${new URL(base).origin}, found ${address.origin}.`,
    );
  }
  for (const [name, value] of Object.entries(query)) address.searchParams.append(name, value);
  return address;
}
