import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import type { Epoch, Flow, StageId } from '../../../../operators/flow/flow.ts';
import { keyed } from '../../../../operators/flow/keyed.ts';
import type { States } from '../../../../operators/flow/states.ts';
import type { Sequence } from '../../../../operators/model/message.ts';
import { plantModelSchema } from '../../../../operators/model/plant-model.ts';
import { createSnapshots, NO_STATES } from '../../../../pipelines/worker/epochs/snapshots.ts';
import { event } from '../../../support/flows.ts';

const NAME = 'one-name-of-the-model';
const barrier: Flow<number> = { kind: 'barrier', epoch: 1 as Epoch };
const change: Flow<number> = {
  kind: 'change',
  sequence: 1 as Sequence,
  value: {
    ...{ kind: 'model', id: 'm' },
    model: plantModelSchema.parse({ id: NAME, lines: [] }),
  },
};

/** Hands on the names of the models that it knows. */
function names(id: string, states: States) {
  return keyed<null, number, number>(
    {
      id: id as StageId,
      version: 1,
      scope: 'line',
      open: () => null,
      onEvent(_, { value }, { models }, out) {
        out.emit(value + Object.keys(models).length);
      },
    },
    states,
  );
}

test('what three stages know is in a checkpoint once, and all three have it again', () => {
  const first = createSnapshots(NO_STATES);
  const input = new Subject<Flow<number>>();
  input.pipe(names('a', first), names('b', first), names('c', first)).subscribe();
  input.next(change);
  first.begin(() => input.next(barrier));
  const packed = first.taken();
  expect(Buffer.concat(packed).toString('latin1').split(`id\xb5${NAME}`)).toHaveLength(2);
  expect([...first.sizes.keys()].sort()).toEqual(['a', 'b', 'c', 'knowledge']);

  const second = createSnapshots(packed);
  const again = new Subject<Flow<number>>();
  const output: unknown[] = [];
  again
    .pipe(names('a', second), names('b', second), names('c', second))
    .subscribe((item) => output.push(item));
  again.next(event('p/l/a', 1, 0));
  expect(output).toMatchObject([{ value: 3 }]);
});

test('a stage that has not seen the changes of the others makes no checkpoint', () => {
  const snapshots = createSnapshots(NO_STATES);
  const [one, other] = [new Subject<Flow<number>>(), new Subject<Flow<number>>()];
  let failure: unknown;
  const observer = { error: (error: unknown) => (failure = error) };
  one.pipe(names('a', snapshots)).subscribe(observer);
  other.pipe(names('b', snapshots)).subscribe(observer);
  one.next(change);
  snapshots.begin(() => {
    one.next(barrier);
    other.next(barrier);
  });
  expect(String(failure)).toContain('stage b has not seen the same changes');
});
