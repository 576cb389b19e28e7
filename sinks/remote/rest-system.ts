/** A system with an HTTP interface, as its profile describes it: each verb is a few calls. */

import type { AnswerValue } from './call-config.ts';
import { type Call, type Caller, createCaller } from './caller.ts';
import { createChangesReader, differencesIn } from './changes.ts';
import { commandFieldsOf } from './fields.ts';
import { type Answer, excerpt, jsonOf, placeIn, textAt, valueAt } from './http.ts';
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
import {
  type AskConfig,
  doesChange,
  type EffectConfig,
  type ExpectConfig,
  type HttpSystemConfig,
  type StateConfig,
  type ThenConfig,
  type VerbConfig,
} from './system-config.ts';
import { fillText, toText } from './template.ts';
import { valuesAt } from './values.ts';

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
  if (outcome.kind !== 'ok') return outcome;
  const { value: answer } = outcome;
  const missing = missingIn(answer, config.expect, subject);
  if (missing !== undefined) return { kind: 'rejected', note: missing, status: answer.status };
  return success(gainedFrom(answer, config, subject));
}

/** Why an answer is a refusal that does not hold what was expected. */
function missingIn(
  answer: Answer,
  expect: ExpectConfig | undefined,
  subject: CommandInput,
): string | undefined {
  if (expect === undefined) return undefined;
  const { at, contains, equals, note } = expect;
  const json = jsonOf(answer);
  const found = valueAt(json, at);
  const text = textAt(json, at) ?? JSON.stringify(found) ?? '';
  const filled = (template: string) => fillText(template, fieldsOf(subject), {}, toText);
  const same = equals?.map(filled);
  const holds =
    same?.includes(text) ??
    contains?.some((part) => text.includes(part)) ??
    (found ?? null) !== null;
  if (holds) return undefined;
  const words = same ?? contains;
  const wanted = words === undefined ? '' : ` (expected ${words.join(' or ')})`;
  return `${filled(note)}: found ${excerpt(text) || 'nothing'}${wanted}`;
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
  return success(
    found.value.map(({ remote, object }) => {
      const known = { ...fieldsOf({ ...subject, remote }), answer: object };
      const read = (value: AnswerValue) => {
        if ('cel' in value) return value.cel(known);
        return 'pointer' in value ? valueAt(object, value.pointer) : undefined;
      };
      return {
        remote,
        ...{ gives: valuesAt(config.gives, read), names: valuesAt(config.names, read) },
      };
    }),
  );
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
  return success({ remote, ...gainedFrom(answer, config, { ...subject, remote }) });
}

function createChange(caller: Caller, config: ThenConfig): ObjectCall {
  const { done } = config;
  const changes = doesChange(config);
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

type ValuePlaces = Readonly<Record<string, AnswerValue>>;

function gainedFrom(
  answer: Answer,
  { gives, names }: { readonly gives: ValuePlaces; readonly names: ValuePlaces },
  subject: CommandInput,
): Gained {
  const json = jsonOf(answer);
  const known = { ...fieldsOf(subject), answer: json };
  const read = (value: AnswerValue) =>
    'cel' in value ? value.cel(known) : placeIn(answer, json, value);
  return { gives: valuesAt(gives, read), names: valuesAt(names, read) };
}
