/**
 * The people file of an installation (`kind: notify`): channels, persons by their opaque ids, roles with who is on call, and
 * how often somebody is reminded. `docs/messages.md` explains every part.
 */

import { z } from 'zod';
import { SEVERITIES, type Severity } from '../../operators/model/detector-rule.ts';
import { type Duration, HOUR, parseDuration } from '../../operators/model/time.ts';
import {
  mailServerFields,
  millisecondsOf,
  secondsOf,
  timingFields,
} from '../remote/call-config.ts';
import { secretSchema } from '../remote/secret.ts';
import { MESSAGE_LANGUAGES } from './message-text.ts';

const wordSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'expected at most 32 of a-z, 0-9, _ and -');
/** As accounts and the audit stream have it: whose name it is stands where it can be erased. */
const personIdSchema = z
  .string()
  .regex(/^[a-z0-9]{1,32}$/, 'expected an opaque id of a to z and 0 to 9, as `andon audit` shows');
const clockSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected hh:mm');
const dateSchema = z.iso.date('expected a date such as 2026-12-24');
const localTimeSchema = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):[0-5]\d)?$/,
    'expected a time by the clock such as 2026-12-24T06:00, or a date',
  );

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
const zoneSchema = z.string().refine(isZone, 'expected a time zone such as Europe/Vienna');

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A part of each of some days, by the clock. One that ends before it begins passes midnight. */
const hoursSchema = z.strictObject({
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .default([...DAYS]),
  from: clockSchema,
  to: clockSchema,
});
export type Hours = z.infer<typeof hoursSchema>;

const { timeout, rate, retry, breaker } = timingFields;
const channelFields = {
  ...{ timeout, rate, breaker },
  /** A message that fails so often, or for so long, is for the next channel. */
  retry: retry
    .unwrap()
    .extend({ give_up: millisecondsOf(secondsOf(120)) })
    .prefault({}),
  /** Whether it says too that a problem is over. */
  over: z.boolean().optional(),
  /** When it is tried each day, by the clock of `zone`; and to whom, where it names addresses. */
  test: z.strictObject({ at: clockSchema, to: z.string().min(1).optional() }).optional(),
};

const channelSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...{ kind: z.literal('smtp'), ...channelFields, ...mailServerFields },
  }),
  z.strictObject({ kind: z.literal('slack'), ...channelFields, url: secretSchema }),
  z.strictObject({ kind: z.literal('teams'), ...channelFields, url: secretSchema }),
  z.strictObject({
    ...{ kind: z.literal('pagerduty'), ...channelFields },
    url: secretSchema.default('https://events.pagerduty.com/v2/enqueue'),
    routing_key: secretSchema,
  }),
  z.strictObject({
    ...{ kind: z.literal('webhook'), ...channelFields },
    url: secretSchema,
    /** `whsec_` and Base64, as Standard Webhooks writes it, or any text. */
    secret: secretSchema,
  }),
  z.strictObject({ kind: z.literal('alertmanager'), ...channelFields, url: secretSchema }),
]);
export type ChannelConfig = z.infer<typeof channelSchema>;

const personSchema = z.strictObject({
  time_zone: zoneSchema.optional(),
  /** In which messages to them are. */
  language: z.enum(MESSAGE_LANGUAGES).optional(),
  /** In the order in which they are tried. */
  channels: z
    .array(
      z.strictObject({
        channel: wordSchema,
        /** The address; of Slack, a member id to be mentioned. */
        to: z.string().min(1).max(256).optional(),
        /** Only for what is at least so grave. */
        severity: z.enum(SEVERITIES).default('notice'),
      }),
    )
    .min(1),
  /** Then only what is at least so grave comes; the rest waits. */
  quiet: z
    .strictObject({
      hours: z.array(hoursSchema).min(1),
      except: z.enum(SEVERITIES).default('danger'),
      holidays: z.boolean().default(false),
    })
    .optional(),
  /** Somebody else stands in: the next one of the role. */
  away: z.array(z.strictObject({ from: localTimeSchema, to: localTimeSchema })).default([]),
});
export type PersonConfig = z.infer<typeof personSchema>;

/** A part of a role. With `every` one person at a time is on call, in turn; without it all of them, the first one first. */
const layerSchema = z.strictObject({
  people: z.array(personIdSchema).min(1),
  /** Days and hours by the clock: `7d`, `12h`. */
  every: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) >= HOUR, 'expected 1h or more, such as 7d')
    .transform((text) => (parseDuration(text) ?? 0) as Duration)
    .optional(),
  /** The first change to the first person. */
  from: localTimeSchema.default('2026-01-05T06:00'),
  /** Only in these hours. */
  during: z.array(hoursSchema).min(1).optional(),
});
export type Layer = z.infer<typeof layerSchema>;

const roleSchema = z.strictObject({
  time_zone: zoneSchema.optional(),
  /** Who is asked first, then who stands behind. */
  layers: z.array(layerSchema).min(1),
  /** Instead of the layers on dates of `holidays`. */
  on_holidays: z.array(personIdSchema).min(1).optional(),
  /** Somebody takes the place of another for a time. */
  swaps: z
    .array(
      z.strictObject({
        ...{ from: localTimeSchema, to: localTimeSchema },
        ...{ person: personIdSchema, instead_of: personIdSchema },
      }),
    )
    .default([]),
  /** Roles that hear when nobody of this one answers. */
  escalate: z.array(z.string()).default([]),
});
export type RoleConfig = z.infer<typeof roleSchema>;

const MINUTES = 60;
const HOURS = 3_600;

/** A duration for each severity, in milliseconds; seconds where nothing is said. */
function bySeverity(seconds: Readonly<Record<Severity, number>>) {
  const shape = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, millisecondsOf(secondsOf(seconds[severity]))]),
  ) as Readonly<Record<Severity, ReturnType<typeof millisecondsOf>>>;
  return z.strictObject(shape).prefault({});
}

const policySchema = z.strictObject({
  /** What goes into one message: problems of an asset, a line, a plant, or all of a person. */
  group: z.enum(['asset', 'line', 'plant', 'all']).default('line'),
  /** How long more of a group is waited for. */
  wait: bySeverity({ notice: 5 * MINUTES, warning: 2 * MINUTES, alarm: 30, danger: 5 }),
  /** At least so long between two messages of a group to a person. */
  interval: bySeverity({
    ...{ notice: 1 * HOURS, warning: 15 * MINUTES, alarm: 5 * MINUTES, danger: 30 },
  }),
  /** A problem that nobody has answered is told again after so long. */
  repeat: bySeverity({
    ...{ notice: 24 * HOURS, warning: 8 * HOURS, alarm: 1 * HOURS, danger: 15 * MINUTES },
  }),
  /** So long an answer is waited for before the next channel, and then the next person. */
  answer: bySeverity({
    ...{ notice: 24 * HOURS, warning: 4 * HOURS, alarm: 15 * MINUTES, danger: 5 * MINUTES },
  }),
  /** An acknowledgement ends after so long; who gave it is asked first. */
  acknowledged: bySeverity({
    ...{ notice: 72 * HOURS, warning: 24 * HOURS, alarm: 8 * HOURS, danger: 1 * HOURS },
  }),
  /** While a `source` is not over, what is not graver is not told. Danger is never withheld. */
  inhibit: z
    .array(
      z.strictObject({
        source: z.enum(SEVERITIES),
        target: z.array(z.enum(['notice', 'warning', 'alarm'])).min(1),
        same: z.enum(['asset', 'line', 'plant']).default('asset'),
      }),
    )
    .default([]),
});
export type Policy = z.infer<typeof policySchema>;

const SHORTEST_INTERVAL = 30_000;

/** Fields of a people file; a system is made of them that takes notices. */
export const notifyFields = {
  kind: z.literal('notify'),
  keep: timingFields.keep,
  /** Of the clocks of roles and persons that name none. */
  time_zone: zoneSchema.default('UTC'),
  /** Of messages to persons that name none, and of tests of channels. */
  language: z.enum(MESSAGE_LANGUAGES).default('en'),
  /** Where people open the console: links lead there. */
  console: z.url({ protocol: /^https?$/ }).optional(),
  channels: z.record(wordSchema, channelSchema),
  people: z.record(personIdSchema, personSchema),
  roles: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), roleSchema),
  /** The role that hears of what no other role can be told, and of channels that fail. */
  fallback: z.string(),
  holidays: z.array(dateSchema).default([]),
  policy: policySchema.prefault({}),
  /** Told so often that messages are worked on: whoever listens there says when it stops. */
  heartbeat: z.strictObject({ url: secretSchema, every: millisecondsOf(secondsOf(60)) }).optional(),
};

type People = {
  readonly channels: Readonly<Record<string, Pick<ChannelConfig, 'kind' | 'test'>>>;
  readonly people: Readonly<Record<string, PersonConfig>>;
  readonly roles: Readonly<Record<string, RoleConfig>>;
  readonly fallback: string;
  readonly policy: Policy;
};

/** What no field alone shows: names that are not there, and a policy that nobody could live with. */
export function checkPeople(config: People, context: z.RefinementCtx): void {
  const say = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  const { channels, people, roles, fallback, policy } = config;
  const expected = (what: string, names: object, found: string) =>
    `expected ${what} (${Object.keys(names).join(', ') || 'none'}), found ${found}`;
  for (const [id, person] of Object.entries(people)) {
    for (const [at, { channel, to }] of person.channels.entries()) {
      const found = channels[channel];
      const path = ['people', id, 'channels', at];
      if (found === undefined) say(path, expected('a channel of this file', channels, channel));
      else if (found.kind === 'smtp' && to === undefined) {
        say(path, 'expected `to`, the address, beside a channel of the kind smtp');
      }
    }
  }
  for (const [name, { kind, test }] of Object.entries(channels)) {
    if (kind !== 'smtp' || test === undefined || test.to !== undefined) continue;
    say(['channels', name, 'test'], 'expected `to`, the address that the daily test is sent to');
  }
  for (const [name, role] of Object.entries(roles)) checkRole(name, role, config, say);
  if (roles[fallback] === undefined) {
    say(['fallback'], expected('a role of this file', roles, fallback));
  } else if (!roles[fallback].layers.some((layer) => layer.during === undefined)) {
    say(
      ['fallback'],
      'expected a role with a layer without `during`: somebody must hear at any time',
    );
  }
  for (const severity of SEVERITIES) {
    if (policy.interval[severity] >= SHORTEST_INTERVAL) continue;
    say(['policy', 'interval', severity], 'expected at least 30s between two messages of a group');
  }
}

function checkRole(
  name: string,
  { layers, on_holidays, swaps, escalate }: RoleConfig,
  { people, roles }: People,
  say: (path: (string | number)[], message: string) => void,
): void {
  const named = [
    ...layers.flatMap((layer, at) => layer.people.map((id) => [id, 'layers', at] as const)),
    ...(on_holidays ?? []).map((id, at) => [id, 'on_holidays', at] as const),
    ...swaps.flatMap((swap, at) =>
      [swap.person, swap.instead_of].map((id) => [id, 'swaps', at] as const),
    ),
  ];
  for (const [id, ...path] of named) {
    if (people[id] !== undefined) continue;
    say(['roles', name, ...path], `expected a person of this file, found ${id}`);
  }
  for (const [at, other] of escalate.entries()) {
    if (roles[other] !== undefined) continue;
    say(['roles', name, 'escalate', at], `expected a role of this file, found ${other}`);
  }
}
