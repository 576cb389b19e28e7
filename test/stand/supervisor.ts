import { supervise } from '../../pipelines/base/supervise.ts';

/** A program that supervises a sleeping process and prints its number: to see what a killed supervisor leaves behind. */
const supervised = supervise({
  name: 'sleep',
  command: 'sleep',
  args: ['600'],
  ready: async () => undefined,
});
await supervised.ready;
console.log(supervised.pid());
setInterval(() => undefined, 1_000);
