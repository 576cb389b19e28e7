/** How a system that takes commands is described: its verbs, each with its calls. `docs/systems.md` explains every part. */

import { z } from 'zod';
import { checkPeople, notifyFields } from '../messages/message-config.ts';
import {
  callFieldsOf,
  changedObjectsSchema,
  createSchemaOf,
  doneSchemaOf,
  METHODS,
  mailServerFields,
  millisecondsOf,
  NO_PAGES,
  pointerSchema,
  reachFields,
  sameSchemaOf,
  searchSchemaOf,
  secondsOf,
  templatesOf,
  timingFields,
  valueSchemaOf,
} from './call-config.ts';
import { stateFieldsOf } from './config.ts';
import { COMMAND_FIELD_NAMES } from './fields.ts';

export const systemNameSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'expected at most 32 of a-z, 0-9 and -');
const verbName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'expected a-z, 0-9 and -');
const stateWord = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a word of ours such as picked');

/** What a reply says beside the values that a system gives. */
const TAKEN: ReadonlySet<string> = new Set([
  ...['id', 'request', 'step', 'n', 'verb', 'outcome', 'remote', 'note', 'state'],
]);
const valueName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'expected a-z, 0-9 and _')
  .refine((name) => !TAKEN.has(name), { message: `expected none of ${[...TAKEN].join(', ')}` });

const valueSchema = valueSchemaOf(COMMAND_FIELD_NAMES);

/** Values of an answer: those that the reply has, and those that only the calls after it use. */
const valueFields = {
  gives: z.record(valueName, valueSchema).default({}),
  names: z.record(valueName, valueSchema).default({}),
};

const { text: noteTemplate } = templatesOf(COMMAND_FIELD_NAMES);

/**
 * What an answer must hold: something at `at`, a text with one of `contains` in it, or one of `equals`, which may be values
 * of the command. Without it the command is refused, and `note` says why.
 */
const expectSchema = z
  .strictObject({
    at: pointerSchema,
    contains: z.array(z.string().min(1)).min(1).optional(),
    equals: z.array(noteTemplate).min(1).optional(),
    note: noteTemplate,
  })
  .refine(({ contains, equals }) => contains === undefined || equals === undefined, {
    message: 'expected either `contains` or `equals`',
  });
export type ExpectConfig = z.infer<typeof expectSchema>;

const callFields = { ...callFieldsOf(COMMAND_FIELD_NAMES), ...valueFields };

/** A call that changes nothing: it is made again whenever the command is tried again. */
const askSchema = z.strictObject({
  ...callFields,
  method: z.enum(METHODS).default('GET'),
  expect: expectSchema.optional(),
});
export type AskConfig = z.infer<typeof askSchema>;

/**
 * A call about an object that is there. One that reads (GET, or `changes: false`) is made again at each try; one that
 * changes is asked for first, where `done` says how.
 */
const thenSchema = z.strictObject({
  ...callFields,
  method: z.enum(METHODS).default('GET'),
  changes: z.boolean().optional(),
  expect: expectSchema.optional(),
  done: doneSchemaOf(COMMAND_FIELD_NAMES).optional(),
});
export type ThenConfig = z.infer<typeof thenSchema>;

/** Whether a call about an object changes it. */
export function doesChange({ changes, method }: Pick<ThenConfig, 'changes' | 'method'>): boolean {
  return changes ?? method !== 'GET';
}

/** What becomes of the object later. After one of the words of `final` it is not asked for any more. */
const stateSchema = z.strictObject({
  ...stateFieldsOf(stateWord),
  /** Values of the object as it is then: the reply that says a new state has them. */
  gives: z.record(valueName, pointerSchema).default({}),
  final: z.array(stateWord).min(1),
});
export type StateConfig = z.infer<typeof stateSchema>;

const querySchema = z.strictObject({
  kind: z.literal('query'),
  ask: z.array(askSchema).min(1),
});

const effectSchema = z.strictObject({
  kind: z.literal('effect'),
  ask: z.array(askSchema).default([]),
  search: searchSchemaOf(COMMAND_FIELD_NAMES)
    .extend(valueFields)
    .refine(({ fuzzy, pages }) => !fuzzy || pages !== undefined, NO_PAGES)
    .optional(),
  create: createSchemaOf(COMMAND_FIELD_NAMES).extend(valueFields).optional(),
  // biome-ignore lint/suspicious/noThenProperty: the word of the profile; nobody awaits a profile.
  then: z.array(thenSchema).default([]),
  state: stateSchema.optional(),
  changes: changedObjectsSchema.optional(),
  same: sameSchemaOf(COMMAND_FIELD_NAMES).default({}),
  /** The verb that undoes it. */
  undo: verbName.optional(),
});
export type EffectConfig = z.infer<typeof effectSchema>;

const verbSchema = z.discriminatedUnion('kind', [querySchema, effectSchema]);
export type VerbConfig = z.infer<typeof verbSchema>;

const httpSchema = z
  .strictObject({
    kind: z.literal('http'),
    name: systemNameSchema,
    ...reachFields,
    ...timingFields,
    verbs: z.record(verbName, verbSchema),
  })
  .superRefine(({ verbs }, context) => {
    for (const [name, verb] of Object.entries(verbs)) {
      for (const message of wrongAt(verb, verbs)) {
        context.addIssue({ code: 'custom', path: ['verbs', name], message });
      }
    }
  });
export type HttpSystemConfig = z.infer<typeof httpSchema>;

/** What no field alone shows: one sentence each. */
function wrongAt(verb: VerbConfig, verbs: Readonly<Record<string, VerbConfig>>): readonly string[] {
  if (verb.kind === 'query') return [];
  const { search, create, then: calls, state, changes, undo } = verb;
  return [
    ...((search === undefined) !== (create === undefined)
      ? ['expected `search` beside `create`: nothing is created that was not searched for']
      : []),
    ...(create === undefined && calls.length === 0
      ? ['expected `create`, or `then` with the calls that change an object']
      : []),
    ...(state !== undefined && create === undefined
      ? ['expected `create` beside `state`: the state is that of the object']
      : []),
    ...(calls.some(({ expect, ...call }) => expect !== undefined && doesChange(call))
      ? ['expected `expect` at a call that reads: what a change came to is read after it']
      : []),
    ...(changes !== undefined && create === undefined
      ? ['expected `create` beside `changes`: objects that it made are compared']
      : []),
    ...(undo !== undefined && verbs[undo]?.kind !== 'effect'
      ? [`expected \`undo\` to name an effect of this system instead of ${undo}`]
      : []),
  ];
}

const { text: textTemplate, json: jsonTemplate } = templatesOf(COMMAND_FIELD_NAMES);
const maps = z.record(z.string(), z.record(z.string(), z.string())).default({});

/** A mail server that takes messages to people. Its verbs are messages: nobody can be asked whether one has come. */
const mailSchema = z.strictObject({
  kind: z.literal('mail'),
  name: systemNameSchema,
  ...mailServerFields,
  maps,
  ...timingFields,
  verbs: z.record(
    verbName,
    z.strictObject({
      /** Addresses, separated by commas. */
      to: textTemplate,
      cc: textTemplate.optional(),
      subject: textTemplate,
      text: textTemplate,
    }),
  ),
});
export type MailConfig = z.infer<typeof mailSchema>;

/** Folders for a system without an interface: one file for each command goes out, answers come in. */
const fileDoorSchema = z
  .strictObject({
    kind: z.literal('files'),
    name: systemNameSchema,
    /** Where the files for the system are laid, and where it lays its answers. */
    out: z.string().min(1),
    in: z.string().min(1).optional(),
    format: z.enum(['json', 'csv', 'xml']).default('json'),
    maps,
    ...timingFields,
    verbs: z.record(
      verbName,
      z.strictObject({
        /** By name; CSV takes texts and numbers alone. */
        content: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/), jsonTemplate),
        /** What stands around the content, where its readers want a name: the root of XML, or the one field of JSON. */
        root: z
          .strictObject({
            name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/),
            xmlns: z.url().optional(),
          })
          .optional(),
        /** What the answer says became of it, in words. `<key>.ack` in the folder is the word `ack`. */
        answer: z
          .strictObject({
            at: pointerSchema,
            note: pointerSchema.optional(),
            words: z.record(z.string(), stateWord),
            final: z.array(stateWord).min(1),
            every: millisecondsOf(secondsOf(10)),
          })
          .optional(),
      }),
    ),
  })
  .refine(({ in: answers, verbs }) => {
    return (
      answers !== undefined || Object.values(verbs).every(({ answer }) => answer === undefined)
    );
  }, 'expected `in`, the folder of the answers, where a verb has `answer`')
  .refine(({ format, verbs }) => {
    const contents = Object.values(verbs).flatMap(({ content }) => Object.values(content));
    return format !== 'csv' || contents.every((one) => typeof one !== 'object' || one === null);
  }, 'expected texts, numbers and null alone in the `content` of CSV');
export type FileDoorConfig = z.infer<typeof fileDoorSchema>;

/** People, channels and who is on call: a system that takes notices. */
const notifySchema = z
  .strictObject({ ...notifyFields, name: systemNameSchema })
  .superRefine(checkPeople);
export type NotifyConfig = z.infer<typeof notifySchema>;

/** A system as it is described. Without `kind` it has an HTTP interface. */
export const systemConfigSchema = z.preprocess(
  (written) =>
    typeof written === 'object' && written !== null && !('kind' in written)
      ? { ...written, kind: 'http' }
      : written,
  z.discriminatedUnion('kind', [httpSchema, mailSchema, fileDoorSchema, notifySchema]),
);
export type SystemConfig = z.infer<typeof systemConfigSchema>;
