import { z } from 'zod';

export const FAULTS = [
  /** Carried out, and the connection cut before the answer. */
  'commit-then-cut',
  /** The connection cut, nothing carried out. */
  'cut-before-commit',
  'too-many',
  'unavailable',
  /** An error after it was carried out, and one before. */
  'commit-then-error',
  'error',
  /** Waits `delay` milliseconds, then carries out; or carries out, then waits. */
  'slow-then-commit',
  'commit-then-slow',
  /** Carried out, and answered with something that is no JSON. */
  'garbage',
] as const;

const faultSchema = z.object({
  fault: z.enum(FAULTS),
  /** Only calls of this method; any without it. */
  method: z.enum(['GET', 'POST', 'PATCH']).optional(),
  delay: z.number().nonnegative().default(0),
  /** Seconds, in `Retry-After`; no header without it. */
  retry_after: z.number().nonnegative().optional(),
});

/** The next calls fail as the script says, then a share of them at random, as the seed says. */
export const misbehaviourSchema = z.object({
  script: z.array(faultSchema.extend({ times: z.number().int().min(1).default(1) })).default([]),
  random: z
    .object({
      seed: z.number().int().default(1),
      probability: z.number().min(0).max(1),
      faults: z.array(faultSchema).min(1),
    })
    .optional(),
});

export type Fault = z.infer<typeof faultSchema>;
export type MisbehaviourConfig = z.infer<typeof misbehaviourSchema>;

/** Says for each call whether and how it goes wrong. The same seed and calls give the same faults. */
export function createMisbehaviour(
  config: MisbehaviourConfig,
): (method: string) => Fault | undefined {
  const script = config.script.flatMap(({ times, ...fault }) =>
    Array.from({ length: times }, () => fault),
  );
  const random = generator(config.random?.seed ?? 1);
  const fits = (fault: Fault, method: string) =>
    fault.method === undefined || fault.method === method;
  return (method) => {
    const index = script.findIndex((fault) => fits(fault, method));
    if (index >= 0) return script.splice(index, 1)[0];
    if (config.random === undefined || random() >= config.random.probability) return undefined;
    const fitting = config.random.faults.filter((fault) => fits(fault, method));
    return fitting[Math.floor(random() * fitting.length)];
  };
}

/** mulberry32: small, and the same on every machine. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
