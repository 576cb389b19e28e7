import { z } from 'zod';
import { allStages, type Pattern, type PatternStage } from '../../operators/correlate/pattern.ts';
import { buildProgram, type PatternProgram } from '../../operators/correlate/program.ts';
import type { Captures, Predicate } from '../../operators/correlate/transitions.ts';
import { createExpressionEnvironment } from '../../operators/model/expression.ts';
import type { Duration, EventTime } from '../../operators/model/time.ts';

/** One unit of a vector's time becomes one microsecond. */
const duration = z.number().transform((number) => number as Duration);

export const vectorEventSchema = z.object({
  seq: z.number(),
  id: z.union([z.number(), z.string()]).optional(),
  name: z.string().default(''),
  price: z.number().default(0),
  timestamp: z
    .number()
    .default(0)
    .transform((time) => time as EventTime),
  type: z.string().default('Event'),
  volume: z.number().optional(),
});

export type VectorEvent = z.infer<typeof vectorEventSchema>;

const quantifierSchema = z
  .object({
    oneOrMore: z.boolean().optional(),
    times: z.tuple([z.number(), z.number().nullable()]).optional(),
    optional: z.boolean().optional(),
    greedy: z.boolean().optional(),
    inner: z.enum(['strict', 'relaxed', 'relaxedAny']).optional(),
    consecutive: z.boolean().optional(),
    combinations: z.boolean().optional(),
    times_window_ms: duration.optional(),
  })
  .transform(({ consecutive, combinations, times_window_ms, inner, oneOrMore, ...quantifier }) => {
    const between =
      inner ?? (consecutive ? 'strict' : combinations ? ('relaxedAny' as const) : undefined);
    return {
      ...defined(quantifier),
      ...(oneOrMore === true ? { times: [quantifier.times?.[0] ?? 1, null] as const } : {}),
      ...(between === undefined ? {} : { inner: between }),
      ...(consecutive === true && (combinations === true || between !== 'strict')
        ? { contradicts: true }
        : {}),
      ...(times_window_ms === undefined ? {} : { times_window: times_window_ms }),
    };
  });

const stageSchema: z.ZodType<PatternStage> = z.lazy(() =>
  z
    .object({
      name: z.string(),
      contiguity: z.enum([
        ...(['begin', 'strict', 'relaxed', 'relaxedAny'] as const),
        ...(['notNext', 'notFollowedBy'] as const),
      ]),
      condition: z.string().optional(),
      quantifier: quantifierSchema.optional(),
      until: z.string().optional(),
      within_ms: duration.optional(),
      within_previous_ms: duration.optional(),
      group: z.array(stageSchema).optional(),
    })
    .transform(({ within_ms: within, within_previous_ms: within_previous, ...stage }) => ({
      ...{ name: stage.name, contiguity: stage.contiguity },
      ...defined({ ...stage, within, within_previous }),
    })),
);

/** A pattern as vectors write it: without a skip strategy nothing is skipped. */
export const vectorPatternSchema = z.object({
  name: z.string(),
  pattern: z.object({ stages: z.array(stageSchema) }),
  skip_strategy: z
    .union([
      z.object({ type: z.enum(['noSkip', 'skipToNext', 'skipPastLastEvent']) }),
      z
        .object({
          type: z.enum(['skipToFirst', 'skipToLast']),
          stage: z.string(),
          throw_on_miss: z.boolean().optional(),
        })
        .transform(({ throw_on_miss, ...skip }) => ({ ...skip, ...defined({ throw_on_miss }) })),
    ])
    .default({ type: 'noSkip' }),
});

/** The pattern of a vector, ready to run, or why it is refused. */
export function programOfVector({
  pattern,
  skip_strategy: skip,
}: Pick<z.infer<typeof vectorPatternSchema>, 'pattern' | 'skip_strategy'>):
  | PatternProgram<VectorEvent>
  | { readonly refused: string } {
  const whole: Pattern = { stages: pattern.stages, skip };
  const both = allStages(pattern.stages).find(({ quantifier }) => {
    return quantifier !== undefined && 'contradicts' in quantifier;
  });
  if (both !== undefined) {
    return { refused: `stage "${both.name}" is consecutive and allows combinations: expected one` };
  }
  return buildProgram<VectorEvent>(whole, compileVectorCondition);
}

/** The captures of the condition under evaluation. */
let currentCaptures: Captures<VectorEvent> | undefined;

const environment = createExpressionEnvironment({ texts: [], numbers: [], open: true })
  .registerFunction('contains(string, string): bool', (text, part) => text.includes(part))
  .registerFunction('startsWith(string, string): bool', (text, part) => text.startsWith(part))
  .registerFunction('first(string): dyn', (stage) => currentCaptures?.first(stage))
  .registerFunction('last(string): dyn', (stage) => currentCaptures?.last(stage))
  .registerFunction('count(string): int', (stage) =>
    BigInt(currentCaptures?.all(stage).length ?? 0),
  )
  .registerFunction('sum(string, string): double', (stage, field) =>
    (currentCaptures?.all(stage) ?? []).reduce((total, event) => {
      return total + Number(Reflect.get(event, field));
    }, 0),
  );

const LOOKS_BACK = /\b(?:first|last|count|sum)\s*\(/;

/**
 * A condition of a vector, in CEL with `contains` and `startsWith`. Not met where it asks for what the event or the
 * match does not have.
 */
export function compileVectorCondition(text: string): Predicate<VectorEvent> {
  // CEL itself means something by `type`.
  const parsed = environment.parse(text.replaceAll(/\btype\b/g, 'event_type'));
  const accepts = (event: VectorEvent, captures: Captures<VectorEvent>): boolean => {
    currentCaptures = captures;
    try {
      const { type: event_type, timestamp, ...fields } = event;
      return parsed({ ...fields, event_type, timestamp, ctx: { timestamp } }) === true;
    } catch {
      return false;
    } finally {
      currentCaptures = undefined;
    }
  };
  return LOOKS_BACK.test(text) ? accepts : Object.assign(accepts, { eventOnly: true as const });
}

/** Without the fields that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
