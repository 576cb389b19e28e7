/** A system with an HTTP interface, as its profile describes it: each verb is a few calls. */

import type { AnswerPlace } from './call-config.ts';
import { type Call, type Caller, createCaller } from './caller.ts';
import { createChangesReader, differencesIn } from './changes.ts';
import { type AnswerValues, commandFieldsOf } from './fields.ts';
import { type Answer, jsonOf, placeIn, valueAt } from './http.ts';
import { findObjects, makeObject, unlessConflict, wasMade } from './objects.ts';
import { asked, type CallOutcome, success } from './outcome.ts';
import type { Environment } from './secret.ts';
import { createStatusReader, statusIn } from './status.ts';
import {
  type CommandInput,
  type CommandObject,
  type Gained,
  type HeldObjects,
  type ObjectCall,
  type ObjectState,
  type System,
  type Verb,
  withoutVerb,
} from './system.ts';
import type {
  AskConfig,
  EffectConfig,
  HttpSystemConfig,
  StateConfig,
  ThenConfig,
  VerbConfig,
} from './system-config.ts';

/** Throws when a secret is not there. */
export function createRestSystem(config: HttpSystemConfig, environment: Environment): System {
  const caller = createCaller(config, environment);
  const verbs = Object.entries(config.verbs).map(
    ([name, verb]) => [name, createVerb(caller, verb, config.maps)] as const,
  );
  return {
    name: config.name,
    verbs: new Map(verbs),
    without: withoutVerb(config.name, Object.keys(config.verbs)),
  };
}

function createVerb(caller: Caller, config: VerbConfig, maps: HttpSystemConfig['maps']): Verb {
  const ask = config.ask.map((each) => (subject: CommandInput, call: Call) => {
    return makeCall(caller, each, subject, { ...call, judge: asked });
  });
  if (config.kind === 'query') {
    return {
      kind: 'query',
      ask,
      search: undefined,
      create: undefined,
      changes: [],
      state: undefined,
    };
  }
  const { search, create, state } = config;
  return {
    kind: 'effect',
    ask,
    search:
      search === undefined
        ? undefined
        : (subject, call) => searchObjects(caller, search, subject, call),
    create:
      create === undefined
        ? undefined
        : (subject, call) => createObject(caller, create, subject, call),
    changes: config.then.map((each) => createChange(caller, each)),
    state: state === undefined ? undefined : createState(caller, state),
    held: createHeld(caller, config, maps),
  };
}

function createHeld(
  caller: Caller,
  { changes, state, same }: EffectConfig,
  maps: HttpSystemConfig['maps'],
): HeldObjects | undefined {
  if (changes === undefined) return undefined;
  return {
    changes: createChangesReader(caller, changes),
    stateOf: (object) => (state === undefined ? null : (statusIn(object, state)?.status ?? null)),
    differences: (object, command) =>
      differencesIn(object, same, commandFieldsOf(command, null, {}), maps),
  };
}

function fieldsOf({ command, remote, values }: CommandInput) {
  return commandFieldsOf(command, remote, values);
}

async function makeCall(
  caller: Caller,
  config: AskConfig | ThenConfig,
  subject: CommandInput,
  call: Call,
): Promise<CallOutcome<Gained>> {
  const outcome = await caller(config, fieldsOf(subject), call);
  return outcome.kind === 'ok' ? success(gainedFrom(outcome.value, config)) : outcome;
}

async function searchObjects(
  caller: Caller,
  config: NonNullable<EffectConfig['search']>,
  subject: CommandInput,
  call: Call,
): Promise<CallOutcome<readonly CommandObject[]>> {
  const question = { key: subject.command.key, fields: fieldsOf(subject) };
  const found = await findObjects(caller, config, question, call);
  if (found.kind !== 'ok') return found;
  const gained = (object: unknown): Gained => ({
    gives: valuesAt(config.gives, (place) => inHit(object, place)),
    names: valuesAt(config.names, (place) => inHit(object, place)),
  });
  return success(found.value.map(({ remote, object }) => ({ remote, ...gained(object) })));
}

function inHit(object: unknown, place: AnswerPlace): unknown {
  return 'pointer' in place ? valueAt(object, place.pointer) : undefined;
}

async function createObject(
  caller: Caller,
  config: NonNullable<EffectConfig['create']>,
  subject: CommandInput,
  call: Call,
): Promise<CallOutcome<CommandObject>> {
  const made = await makeObject(caller, config, fieldsOf(subject), call);
  if (made.kind !== 'ok') return made;
  const { remote, answer } = made.value;
  return success({ remote, ...gainedFrom(answer, config) });
}

function createChange(caller: Caller, config: ThenConfig): ObjectCall {
  const { done } = config;
  const changes = config.changes ?? config.method !== 'GET';
  return {
    changes,
    wasMade:
      done === undefined
        ? undefined
        : (subject, call) => wasMade(caller, done, fieldsOf(subject), call),
    async make(subject, call) {
      if (!changes) return makeCall(caller, config, subject, { ...call, judge: asked });
      return unlessConflict(await makeCall(caller, config, subject, call));
    },
  };
}

function createState(caller: Caller, config: StateConfig): ObjectState {
  return {
    read: createStatusReader(caller, config),
    final: new Set(config.final),
    every: config.every,
  };
}

type ValuePlaces = Readonly<Record<string, AnswerPlace>>;

function gainedFrom(
  answer: Answer,
  { gives, names }: { readonly gives: ValuePlaces; readonly names: ValuePlaces },
): Gained {
  const json = jsonOf(answer);
  const read = (place: AnswerPlace) => placeIn(answer, json, place);
  return { gives: valuesAt(gives, read), names: valuesAt(names, read) };
}

/** Longer than this no value is, so that a reply fits into the log. */
const LONGEST = 1_024;

/** Flat values: what is not there is null, and what has parts is its JSON. */
function valuesAt(places: ValuePlaces, read: (place: AnswerPlace) => unknown): AnswerValues {
  return Object.fromEntries(Object.entries(places).map(([name, at]) => [name, flat(read(at))]));
}

function flat(value: unknown): string | number | boolean | null {
  switch (typeof value) {
    case 'string':
      return value.slice(0, LONGEST);
    case 'number':
    case 'boolean':
      return value;
    default:
      return value === undefined || value === null ? null : JSON.stringify(value).slice(0, LONGEST);
  }
}
