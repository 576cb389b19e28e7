/**
 * What is done about one object of a remote system that carries a key of ours: it is searched for, made, and asked
 * whether a change was made already.
 */

import type { CreateConfig, DoneConfig, SearchConfig } from './call-config.ts';
import type { Call, Caller } from './caller.ts';
import { type Answer, excerpt, jsonOf, placeIn, textAt, valueAt } from './http.ts';
import { listObjects } from './list.ts';
import { asked, askedAtTheDoor, type CallOutcome, success, unclear } from './outcome.ts';
import { fillText, type TemplateFields, toText } from './template.ts';

/** A hit of a search: its id over there, and all that it said. */
export type FoundObject = { readonly remote: string; readonly object: unknown };

/** An object that was made, and the answer that said so. */
export type MadeObject = { readonly remote: string; readonly answer: Answer };

/**
 * The remote objects that carry the key, in the system's own order. Looks at the key of every hit. A search that gives
 * others instead has ignored its filter: what it did not show may hold the object all the same.
 */
export async function findObjects(
  caller: Caller,
  config: SearchConfig,
  { key, fields }: { readonly key: string; readonly fields: TemplateFields },
  call: Call,
): Promise<CallOutcome<readonly FoundObject[]>> {
  const listed = await listObjects(caller, config, fields, call);
  if (listed.kind !== 'ok') return listed;
  const hits = listed.value;
  const found: FoundObject[] = [];
  for (const hit of hits) {
    const held = textAt(hit, config.key);
    const same = config.match === 'equals' ? held === key : held?.includes(key);
    if (same !== true) continue;
    const remote = textAt(hit, config.remote);
    if (remote === undefined) {
      return askedAtTheDoor(
        `search: expected the remote id at "${config.remote}" of a hit, found none`,
        null,
      );
    }
    found.push({ remote, object: hit });
  }
  if (found.length === 0 && hits.length > 0 && !config.fuzzy) {
    const other = excerpt(textAt(hits[0], config.key) ?? 'no key');
    const note =
      `search: expected objects with ${key} at "${config.key}", found ${hits.length} without, ` +
      `the first with ${other}: the filter was ignored`;
    return askedAtTheDoor(note, null);
  }
  return success(found);
}

/**
 * Creates the remote object and gives its id. Never to be called before a search by key found nothing: this is the
 * one call that makes a second object when it is repeated.
 */
export async function makeObject(
  caller: Caller,
  config: CreateConfig,
  fields: TemplateFields,
  call: Call,
): Promise<CallOutcome<MadeObject>> {
  const outcome = await caller(config, fields, call);
  if (outcome.kind === 'rejected' && config.exists.includes(outcome.status ?? 0)) {
    return unclear(outcome.note, outcome.status);
  }
  if (outcome.kind !== 'ok') return outcome;
  const answer = outcome.value;
  const named = config.remote === undefined ? '' : placeIn(answer, jsonOf(answer), config.remote);
  const remote = typeof named === 'string' || typeof named === 'number' ? String(named) : '';
  if (remote !== '') return success({ remote, answer });
  const note = `created, but the answer names no object: ${excerpt(answer.text) || 'empty'}`;
  return unclear(note, answer.status);
}

/** Asks whether a change was made before. True when it was. */
export async function wasMade(
  caller: Caller,
  config: DoneConfig,
  fields: TemplateFields,
  { sending: _, ...asking }: Call,
): Promise<CallOutcome<boolean>> {
  const outcome = await caller(config, fields, { ...asking, judge: asked });
  if (outcome.kind !== 'ok') return outcome;
  const json = jsonOf(outcome.value);
  const text = textAt(json, config.at) ?? JSON.stringify(valueAt(json, config.at)) ?? '';
  const parts = config.contains.map((part) => fillText(part, fields, {}, toText));
  return success(parts.some((part) => text.includes(part)));
}

/** A change that met another one: somebody else wrote at the same time. That passes; what refuses for ever ends by the
 * limit of faults. */
export function unlessConflict<T>(outcome: CallOutcome<T>): CallOutcome<T> {
  const conflict = outcome.kind === 'rejected' && [409, 412].includes(outcome.status ?? 0);
  return conflict ? unclear(outcome.note, outcome.status) : outcome;
}
