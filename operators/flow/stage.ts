import { Observable } from 'rxjs';
import type { Flow, Stage } from './flow.ts';

/**
 * Makes a stage from plain code: `build` is called once per subscription and returns what handles each item, at
 * once and in order. A throw ends the flow with that error: RxJS alone would report it later, from nowhere, and
 * go on with half a message done.
 */
export function stage<I, O>(
  build: (emit: (item: Flow<O>) => void) => (item: Flow<I>) => void,
): Stage<I, O> {
  return (source) =>
    new Observable<Flow<O>>((subscriber) => {
      const handle = build((item) => subscriber.next(item));
      return source.subscribe({
        next(item) {
          try {
            handle(item);
          } catch (error) {
            subscriber.error(error);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
