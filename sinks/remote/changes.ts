/** What a system has of its objects, for whoever compares both sides: those that changed, and how one differs from what was sent. */

import { type EventTime, fromMilliseconds } from '../../operators/model/time.ts';
import type { ChangesConfig, ReachConfig } from './call-config.ts';
import type { Call, Caller } from './caller.ts';
import { excerpt, textAt, valueAt } from './http.ts';
import { readPages } from './list.ts';
import type { CallOutcome } from './outcome.ts';
import { fill, type Template, TemplateError, type TemplateFields } from './template.ts';

/** An object as a list of changes has it. `key`: '' where it carries none of ours. */
export type ChangedObject = {
  readonly remote: string;
  readonly key: string;
  readonly changed: EventTime | null;
  readonly object: unknown;
};

/** Lists what changed at a time or later, or all that there is (0). Gives how many objects that were. */
export type ReadChanges = (
  since: EventTime,
  onObject: (object: ChangedObject) => void,
  call: Call,
) => Promise<CallOutcome<number>>;

/** A list of more pages than this is not read to its end. */
const MOST_PAGES = 2_000;
/** Numbers below are seconds: as milliseconds they would be in 1973. */
const FEWEST_MILLISECONDS = 1e11;

export function createChangesReader(caller: Caller, config: ChangesConfig): ReadChanges {
  return (since, onObject, call) =>
    readPages(caller, config, { since }, call, MOST_PAGES, (hits) => {
      for (const object of hits) {
        const remote = textAt(object, config.remote);
        if (remote === undefined) {
          return `changes: expected the remote id at "${config.remote}" of an object, found none`;
        }
        const key = textAt(object, config.key) ?? '';
        onObject({ remote, key, changed: timeAt(object, config.changed), object });
      }
      return undefined;
    });
}

/** A time as systems write it: an ISO text, or a number of seconds or milliseconds. */
export function timeAt(object: unknown, pointer: string): EventTime | null {
  const found = valueAt(object, pointer);
  const given =
    typeof found === 'number' ? found : Date.parse(typeof found === 'string' ? found : '');
  if (!Number.isFinite(given)) return null;
  const seconds = typeof found === 'number' && given < FEWEST_MILLISECONDS;
  return fromMilliseconds(seconds ? given * 1_000 : given);
}

/** A value of an object that is not what was sent. The beginning of it, where it is long: reports hold many. */
export type Difference = { readonly field: string; readonly ours: string; readonly theirs: string };

/** How an object differs from what `same` says that it has to hold. What a template cannot say of these fields is passed over. */
export function differencesIn(
  object: unknown,
  same: Readonly<Record<string, Template>>,
  fields: TemplateFields,
  maps: ReachConfig['maps'],
): readonly Difference[] {
  return Object.entries(same).flatMap(([field, template]) => {
    try {
      const ours = plain(fill(template, fields, maps));
      const theirs = plain(valueAt(object, field));
      return ours === theirs ? [] : [{ field, ours: excerpt(ours), theirs: excerpt(theirs) }];
    } catch (error) {
      if (error instanceof TemplateError) return [];
      throw error;
    }
  });
}

/** Values that say the same are the same text, whatever JSON calls them: 2, "2" and "2.0" are. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  const number = Number(text);
  return /^-?\d+(\.\d+)?$/.test(text) && Number.isSafeInteger(Math.trunc(number))
    ? String(number)
    : text;
}
