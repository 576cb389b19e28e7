import fc from 'fast-check';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../operators/decode/decode.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Decoded, Frame } from '../../../operators/model/decoded.ts';
import type { Message, Sequence } from '../../../operators/model/message.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { validate } from '../../../operators/validate/validate.ts';
import { event, runMessages, valuesOf } from '../../support/flows.ts';
import { MODEL } from '../../support/plant-log.ts';

const T = 1_767_592_800_000;
const SUBJECT = 'telemetry.p1.l1.press';

const change: Flow<Decoded> = {
  kind: 'change',
  sequence: 1 as Sequence,
  value: { kind: 'model', id: 'c1', model: plantModelSchema.parse(MODEL) },
};

/** What a machine measured once: its number is its id. */
type Sample = { readonly id: number; readonly value: number | string | null };

/** A block of samples, as a gateway that knows their ids sends it. */
function block(samples: readonly Sample[], sequence: number, headers: object = {}): Flow<Message> {
  const value: Message = {
    ...{ sequence: sequence as Sequence, appended: (T * 1_000) as EventTime, subject: SUBJECT },
    headers: { 'Andon-Identities': samples.map(({ id }) => `s${id}`).join(' '), ...headers },
    payload: pack({
      time: samples.map(({ id }) => T - id),
      values: {
        temperature: samples.map(({ value }) => value),
        force: samples.map(({ id }) => id),
      },
      quality: { force: samples.map(({ id }) => (id % 2 === 0 ? 'good' : 'uncertain')) },
    }),
  };
  return event(SUBJECT, value.appended, value);
}

function validated(blocks: readonly Flow<Message>[], cuts?: ReadonlySet<number>) {
  return runMessages(validate, [change, ...runMessages(decode, blocks)], cuts);
}

/** Readings of a frame: signal, time, value and quality of each. */
function readingsOf(frame: Frame): string[] {
  const { times, signals, values, quality, texts } = frame;
  const all: string[] = [];
  for (const [at, time] of times.entries()) {
    for (const [position, signal] of signals.entries()) {
      const cell = position * times.length + at;
      if (!Number.isNaN(values[cell])) {
        all.push(`${signal} ${time} ${values[cell]} ${quality?.[cell] ?? 0}`);
      }
    }
    for (const { signal, values: words } of texts) {
      if (words[at] !== null) all.push(`${signal} ${time} ${words[at]}`);
    }
  }
  return all;
}

const landed = (output: readonly Flow<Decoded>[]) =>
  valuesOf(output).flatMap((value) => (value.kind === 'frame' ? readingsOf(value) : []));
const deadLetters = (output: readonly Flow<Decoded>[]) =>
  output.flatMap((item) => (item.kind === 'row' && item.table === 'dead_letters' ? item.row : []));

const VALUES = fc.constantFrom<Sample['value']>(1, 2.5, 'A7', null);
/** Blocks of samples of which some come several times, in whatever block. */
const BLOCKS = fc
  .tuple(
    fc.array(VALUES, { minLength: 1, maxLength: 12 }),
    fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 }),
  )
  .map(([values, blocks]) =>
    blocks.map((ids) =>
      ids.map((n) => ({ id: n % values.length, value: values[n % values.length] ?? null })),
    ),
  );

describe('identities of the samples of a block', () => {
  test('each sample counts once, however blocks are cut and repeated, and whatever restarts', () => {
    fc.assert(
      fc.property(BLOCKS, fc.nat(8), (blocks, cut) => {
        const messages = blocks.map((samples, at) => block(samples, at + 2));
        const output = validated(messages);
        const once = new Map(blocks.flat().map((sample) => [sample.id, sample]));
        const expected = validated([...once.values()].map((sample, at) => block([sample], at + 2)));
        expect(landed(output).sort()).toEqual(landed(expected).sort());
        const lost = deadLetters(output).filter(({ reason }) => reason === 'duplicate');
        expect(lost.length > 0).toBe(blocks.flat().length > once.size);
        expect(validated(messages, new Set([cut]))).toEqual(output);
      }),
    );
  });

  test('what was lost is counted by its readings', () => {
    const samples = [0, 1, 2].map((id) => ({ id, value: 1 }));
    const output = validated([block(samples, 2), block([...samples, { id: 3, value: 1 }], 3)]);
    const lost = deadLetters(output).filter(({ reason }) => reason === 'duplicate');
    expect(lost).toMatchObject([{ count: 6 }]);
  });

  test('a sample that came by itself, with its identity, is the same', () => {
    const [first, second] = [0, 1].map((id) => ({ id, value: 1 }));
    if (first === undefined || second === undefined) throw new Error('expected two');
    const alone = block([first], 2, { 'Andon-Identity': 's0', 'Andon-Identities': '' });
    expect(landed(validated([alone, block([first, second], 3)]))).toHaveLength(4);
  });

  test('a block with another number of ids, or with empty ones, is malformed', () => {
    const samples = [0, 1].map((id) => ({ id, value: 1 }));
    for (const ids of ['s0', 's0 ', ' ', 's0 s1 s2']) {
      const output = runMessages(decode, [block(samples, 2, { 'Andon-Identities': ids })]);
      expect(deadLetters(output)).toMatchObject([{ reason: 'malformed' }]);
    }
  });

  test('an event with ids of samples is malformed: it has none', () => {
    const [{ value }] = [block([{ id: 0, value: 1 }], 2)] as [{ value: Message }];
    const subject = 'event.p1.l1.press';
    const payload = pack({ time: T, type: 'state', data: { state: 'EXECUTE' } });
    const sent = event(subject, value.appended, { ...value, subject, payload });
    expect(deadLetters(runMessages(decode, [sent]))).toMatchObject([{ reason: 'malformed' }]);
  });
});
