/** Calls whose answer is a list of objects: the whole of it, however many pages it comes in. */

import type { CallConfig, ListConfig } from './call-config.ts';
import type { Call, Caller } from './caller.ts';
import { type Answer, excerpt, jsonOf, textAt, valueAt } from './http.ts';
import { askedAtTheDoor, type CallOutcome, searched, success } from './outcome.ts';
import type { TemplateFields } from './template.ts';

/** A list of more pages than this is not the answer to what was asked. */
const MOST_PAGES = 100;
/** Nor is one of more letters, over all its pages. As objects they take more than ten times the memory. */
const MOST_LETTERS = 16 * 1024 * 1024;

/** All objects of a list. Anything that is no such list is an answer of somebody else than the system. */
export async function listObjects(
  caller: Caller,
  config: ListConfig,
  fields: TemplateFields,
  call: Call,
): Promise<CallOutcome<readonly unknown[]>> {
  const objects: unknown[] = [];
  let size = 0;
  const read = await readPages(caller, config, fields, call, MOST_PAGES, (hits, letters) => {
    size += letters;
    if (size > MOST_LETTERS)
      return `expected a list of at most ${MOST_LETTERS} letters, found more`;
    // One by one: as arguments of one call they would have to fit on the stack.
    for (const hit of hits) objects.push(hit);
    return undefined;
  });
  return read.kind === 'ok' ? success(objects) : read;
}

/** Takes the objects of a page with the letters of its answer. Gives why no further page is read, where that is a mistake. */
type OnPage = (hits: readonly unknown[], letters: number) => string | undefined;

/** Reads a list page by page. Gives how many objects there were. */
export async function readPages(
  caller: Caller,
  config: ListConfig,
  fields: TemplateFields,
  call: Call,
  most: number,
  onPage: OnPage,
): Promise<CallOutcome<number>> {
  const { hits: at, pages } = config;
  let objects = 0;
  let next: CallConfig | undefined = config;
  for (let count = 0; next !== undefined; count += 1) {
    if (count === most) {
      return askedAtTheDoor(`expected at most ${most} pages, found more`, null);
    }
    const page = { page: (pages?.first ?? 0) + count, offset: count * (pages?.size ?? 0) };
    const outcome: CallOutcome<Answer> = await caller(
      next,
      { ...fields, ...page },
      { ...call, judge: (answered) => listed(answered, at) },
    );
    if (outcome.kind !== 'ok') return outcome;
    const json = jsonOf(outcome.value);
    const hits = hitsIn(outcome.value, at) ?? [];
    const wrong = onPage(hits, outcome.value.text.length);
    if (wrong !== undefined) return askedAtTheDoor(wrong, null);
    objects += hits.length;
    next = following(config, json, hits.length);
  }
  return success(objects);
}

function listed(outcome: CallOutcome<Answer>, at: string): CallOutcome<Answer> {
  if (outcome.kind !== 'ok') return searched(outcome);
  if (hitsIn(outcome.value, at) !== undefined) return outcome;
  const { text, status } = outcome.value;
  return askedAtTheDoor(`expected a list at "${at}", found ${excerpt(text) || 'nothing'}`, status);
}

function hitsIn(answer: Answer, at: string): readonly unknown[] | undefined {
  const hits = valueAt(jsonOf(answer), at);
  return Array.isArray(hits) ? hits : undefined;
}

/** The call for the page after this one; undefined after the last. */
function following(config: ListConfig, json: unknown, hits: number): CallConfig | undefined {
  const { pages } = config;
  if (pages?.size !== undefined) return hits < pages.size ? undefined : config;
  const address = pages?.next === undefined ? undefined : textAt(json, pages.next);
  if (address === undefined) return undefined;
  // An address, not a template: it comes from outside.
  return { ...config, path: address.replaceAll('{', '%7B'), query: {} };
}
