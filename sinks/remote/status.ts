/** What became of objects in the remote system: one by one, or many by one call where the system can list them. */

import type { Call, Caller } from './caller.ts';
import type { StateReading } from './config.ts';
import type { AnswerValues } from './fields.ts';
import { excerpt, jsonOf, textAt, valueAt } from './http.ts';
import { listObjects } from './list.ts';
import { asked, type CallOutcome, success, unclear } from './outcome.ts';
import { valuesAt } from './values.ts';

/** What a system says of an object: its own word, ours where the words are mapped, and a note where it has one. */
export type RemoteStatus<S extends string> = {
  readonly word: string;
  readonly status: S | null;
  readonly note: string | null;
  /** Values of the object, where its description names some. */
  readonly gives?: AnswerValues;
  /** There is no such object any more, says whoever answered. */
  readonly gone?: true;
};

export type ReadStatus<S extends string> = (
  id: string,
  remote: string,
  call: Call,
) => Promise<CallOutcome<RemoteStatus<S>>>;

/** A list answers for so long, as a share of the time between two polls of one request. */
const FRESH = 0.5;

/**
 * Reads the status of one object as the caller wants it. With a `list` it is fetched for all of them now and then. Who is
 * not in it (it is over, and the list is of open ones) is asked for alone.
 */
export function createStatusReader<S extends string>(
  caller: Caller,
  config: StateReading<S>,
): ReadStatus<S> {
  const { list, every } = config;
  if (list === undefined) return (...one) => readStatus(caller, config, ...one);
  let fetched = Number.NEGATIVE_INFINITY;
  let listed: ReturnType<typeof listObjects> | undefined;
  return async (id, remote, call) => {
    if (listed === undefined || performance.now() - fetched > every * FRESH) {
      fetched = performance.now();
      listed = listObjects(caller, list, {}, call);
      listed.catch(() => undefined);
    }
    const objects = await listed;
    if (objects.kind !== 'ok') return objects;
    const object = objects.value.find((one) => textAt(one, list.remote) === remote);
    const status = object === undefined ? undefined : statusIn(object, config);
    return status === undefined ? readStatus(caller, config, id, remote, call) : success(status);
  };
}

async function readStatus<S extends string>(
  caller: Caller,
  config: StateReading<S>,
  id: string,
  remote: string,
  call: Call,
): Promise<CallOutcome<RemoteStatus<S>>> {
  const outcome = await caller(config, { id, remote }, { ...call, judge: asked });
  if (outcome.kind === 'rejected' && config.gone !== undefined && isGone(outcome.status)) {
    const word = `${outcome.status}`;
    return success({ word, status: config.gone, note: 'no longer there', gone: true });
  }
  if (outcome.kind !== 'ok') return outcome;
  const status = statusIn(jsonOf(outcome.value), config);
  if (status !== undefined) return success(status);
  return unclear(
    `status: expected a word at "${config.at.join('", "')}", found ${excerpt(outcome.value.text) || 'nothing'}`,
    outcome.value.status,
  );
}

/** What an object says of itself; undefined when it says nothing. */
export function statusIn<S extends string>(
  json: unknown,
  config: Pick<StateReading<S>, 'at' | 'words' | 'note' | 'absent' | 'gives'>,
): RemoteStatus<S> | undefined {
  const words = config.at.flatMap((pointer) => {
    const found = valueAt(json, pointer);
    return typeof found === 'object' || found === undefined ? [] : [String(found)];
  });
  const note = (config.note === undefined ? undefined : textAt(json, config.note)) ?? null;
  const mapped = words.find((word) => Object.hasOwn(config.words, word));
  if (mapped !== undefined) {
    const gives = valuesAt(config.gives ?? {}, (pointer) => valueAt(json, pointer));
    return { word: mapped, status: config.words[mapped] ?? null, note, gives };
  }
  if (json !== undefined && config.absent !== undefined) {
    return { word: words[0] ?? 'absent', status: config.absent, note };
  }
  const [word] = words;
  return word === undefined ? undefined : { word, status: null, note };
}

function isGone(status: number | null): boolean {
  return status === 404 || status === 410;
}
