import { Observable, Subject } from 'rxjs';
import type { Flow, Stage } from './flow.ts';
import { stage } from './stage.ts';

/**
 * One flow through several branches. Every branch sees every event, change and mark; changes and marks go on once,
 * after all branches have dealt with them; what the branches emit goes on at once, in the order of the branches.
 */
export function fork<I, O>(...branches: readonly Stage<I, O>[]): Stage<I, O> {
  return (source) =>
    new Observable<Flow<O>>((subscriber) => {
      const inputs = branches.map((branch) => {
        const input = new Subject<Flow<I>>();
        const output = branch(input).subscribe({
          next: (item) => {
            if (item.kind === 'event' || item.kind === 'row') subscriber.next(item);
          },
          error: (error) => subscriber.error(error),
        });
        subscriber.add(output);
        return input;
      });
      const split = stage<I, O>((emit) => (item) => {
        if (item.kind !== 'row') for (const input of inputs) input.next(item);
        if (item.kind !== 'event') emit(item);
      });
      return split(source).subscribe(subscriber);
    });
}
