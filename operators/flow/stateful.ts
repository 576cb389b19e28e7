import type { Key } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { Change, Flow, Stage, StageId } from './flow.ts';
import { stage } from './stage.ts';
import type { States } from './states.ts';

const ONE = '' as Key;

/**
 * A stage with one state for the whole partition, which may also make marks of its own. Only the flow itself needs
 * this. What it knows of model and rules is apart: it is large, and seldom changes.
 */
export function stateful<S extends Plain, C extends Plain, I, O>(
  logic: {
    readonly id: StageId;
    readonly version: number;
    open(): S;
    openShared(): C;
    onChange(shared: C, change: Change): void;
    /** Handles one item and passes on, through `emit`, whatever shall go on, the item itself included. */
    handle(
      state: S,
      item: Exclude<Flow<I>, { kind: 'barrier' }>,
      shared: Readonly<C>,
      emit: (item: Flow<O>) => void,
    ): void;
  },
  states: States,
): Stage<I, O> {
  const { id, version } = logic;
  return stage((emit) => {
    const restored = states.restore(id);
    if (restored !== undefined && restored.version !== version) {
      throw new Error(
        `stage ${id}: state of version ${restored.version}, code of version ${version}`,
      );
    }
    const state = restored === undefined ? logic.open() : (restored.cells[0]?.[1] as S);
    const shared = restored === undefined ? logic.openShared() : (restored.shared as C);
    let changes = 0;
    return (item) => {
      if (item.kind !== 'barrier') {
        if (item.kind === 'change') {
          logic.onChange(shared, item);
          changes += 1;
        }
        logic.handle(state, item, shared, emit);
        return;
      }
      states.save(id, () => ({
        head: { version, timers: [], clocks: { keys: [], times: new Float64Array() } },
        cells: [[ONE, state]],
        shared,
        changes,
        more: () => false,
      }));
      emit(item);
    };
  });
}
