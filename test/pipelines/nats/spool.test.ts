import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSpool, type Spool } from '../../../pipelines/nats/spool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const opened = (directory: string, limit = 1e6, publication = 'a') =>
  openSpool({ directory, limit, publication });

/** The number stands in its subject. */
const message = (number: number, bytes = 10) => ({
  subject: `telemetry.${number}`,
  headers: { 'Andon-Sequence': String(number) },
  payload: Buffer.alloc(bytes, number),
});

function numbersOf(spool: Spool): number[] {
  const numbers: number[] = [];
  for (let one = spool.read(); one !== undefined; one = spool.read()) {
    expect(one).toEqual(message(Number(one.subject.slice(10)), one.payload.length));
    numbers.push(Number(one.subject.slice(10)));
  }
  return numbers;
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

test('what is not delivered comes again in the next life, under its number', async () => {
  const directory = temporaryDirectory();
  const first = await opened(directory);
  for (const number of range(1, 5)) expect(first.append(message(number))).toBe(true);
  expect(numbersOf(first)).toEqual([1, 2, 3, 4, 5]);
  first.deliver(2);
  await first.close();
  const second = await opened(directory);
  expect([second.id, second.began]).toEqual([first.id, first.began]);
  expect([second.taken, second.delivered]).toEqual([5, 2]);
  expect(second.append(message(6))).toBe(true);
  expect(numbersOf(second)).toEqual([3, 4, 5, 6]);
  await second.remove();
  await second.close();
  const third = await opened(directory);
  expect([third.taken, third.id === first.id]).toEqual([0, false]);
  await third.close();
});

test('a full spool takes nothing until all of it is delivered, and never grows beyond its limit', async () => {
  const directory = temporaryDirectory();
  const spool = await opened(directory, 2_000);
  let number = 0;
  for (let round = 0; round < 3; round += 1) {
    while (spool.append(message(number + 1))) number += 1;
    expect(statSync(join(directory, 'spool')).size).toBeLessThanOrEqual(2_000);
    expect(numbersOf(spool).at(-1)).toBe(number);
    spool.deliver(number - 1);
    expect(spool.append(message(number + 1))).toBe(false);
    spool.deliver(number);
  }
  expect(spool.append(message(number + 1, 10_000))).toBe(true);
  expect(spool.append(message(number + 2))).toBe(false);
  expect(numbersOf(spool)).toEqual([number + 1]);
  await spool.close();
});

test('however it is cut, filled and opened again, each message is read once per life, in order', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('append' as const), bytes: fc.integer({ min: 0, max: 400 }) }),
    fc.constant({ do: 'read' as const }),
    fc.record({
      do: fc.constant('deliver' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ do: fc.constant('reopen' as const), torn: fc.integer({ min: 0, max: 40 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const directory = temporaryDirectory();
      const file = join(directory, 'spool');
      let spool = await opened(directory, 3_000);
      let read = 0;
      for (const one of steps) {
        if (one.do === 'append') spool.append(message(spool.taken + 1, one.bytes));
        if (one.do === 'read') {
          const numbers = numbersOf(spool);
          expect(numbers).toEqual(range(read + 1, spool.taken));
          read = spool.taken;
        }
        if (one.do === 'deliver') spool.deliver(Math.floor(one.share * read));
        if (one.do === 'reopen') {
          const { delivered, taken } = spool;
          await spool.close();
          // The head alone is 160 bytes and more: what is torn off are messages.
          truncateSync(file, Math.max(200, statSync(file).size - one.torn));
          if (one.torn % 3 === 0) appendFileSync(file, Buffer.alloc(one.torn));
          spool = await opened(directory, 3_000);
          expect(spool.delivered).toBe(delivered);
          expect(spool.taken).toBeGreaterThanOrEqual(delivered);
          expect(spool.taken).toBeLessThanOrEqual(taken);
          read = delivered;
        }
      }
      await spool.close();
    }),
    { numRuns: 60 },
  );
});

test('another publication, another process and another file are refused', async () => {
  const directory = temporaryDirectory();
  const spool = await opened(directory);
  spool.append(message(1));
  await expect(opened(directory)).rejects.toThrow(
    /expected a directory that no other process uses, found that it belongs to andon publish/,
  );
  await spool.close();
  await expect(opened(directory, 1e6, 'b')).rejects.toThrow(
    /expected the spool of this publication, found .* 1 messages still have to go/,
  );
  // Refused, it is as it was.
  const again = await opened(directory);
  expect(numbersOf(again)).toEqual([1]);
  await again.close();
  const foreign = temporaryDirectory();
  writeFileSync(join(foreign, 'spool'), 'somebody needs this file, and it is longer than our head');
  await expect(opened(foreign)).rejects.toThrow(/expected a spool of andon publish/);
  expect(readFileSync(join(foreign, 'spool'), 'utf8')).toMatch(/^somebody/);
});
