/** Replies that are assumed where no system answers: in examples, and in backtests (`assume:` of the rules). */

import { z } from 'zod';
import { COMMAND_OUTCOMES } from './command.ts';
import { type Duration, durationSchema, SECOND } from './time.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What a system would answer: to these commands, after so long, with these values. */
export const assumedReplySchema = z.strictObject({
  /** `<system>.<verb>` */
  do: z.string().regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/, 'expected <system>.<verb>'),
  /** Only to commands that say this, among other things. */
  with: z.record(z.string(), value).default({}),
  after: durationSchema.default(SECOND as Duration),
  outcome: z.enum(COMMAND_OUTCOMES).default('done'),
  gives: z.record(z.string(), value).default({}),
  remote: z.string().max(256).optional(),
  note: z.string().max(4_096).optional(),
});
export type AssumedReply = z.infer<typeof assumedReplySchema>;

/** The data of an event, as JSON of the wire has it. */
type ReplyData = Readonly<Record<string, string | number | boolean | null>>;

/** What is asked, as far as a reply depends on it. */
type Asked = {
  readonly system: string;
  readonly verb: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** The first assumption that is about a command. */
export function assumptionFor(
  { system, verb, payload }: Asked,
  assumed: readonly AssumedReply[],
): AssumedReply | undefined {
  return assumed.find((one) => {
    if (one.do !== `${system}.${verb}`) return false;
    return Object.entries(one.with).every(([name, told]) => payload[name] === told);
  });
}

/** The data of the reply that an assumption stands for. */
export function assumedData(
  {
    id,
    request,
    step,
    n,
    verb,
  }: Readonly<Record<'id' | 'request' | 'step' | 'verb', string>> & { readonly n: number },
  { outcome, gives, remote, note }: AssumedReply,
): ReplyData {
  return {
    ...gives,
    ...{ id, request, step, n, verb, outcome },
    ...(remote === undefined ? {} : { remote }),
    ...(note === undefined ? {} : { note }),
  };
}
