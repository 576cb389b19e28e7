/** Lets a number of tasks in at a time; the others wait in line. */
export interface Gate {
  pass<T>(task: () => Promise<T>): Promise<T>;
}

export function createGate(width: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    async pass(task) {
      if (inside >= width) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside += 1;
      try {
        return await task();
      } finally {
        // The place is handed on: nobody who comes now can slip in before who waits.
        const next = waiting.shift();
        if (next === undefined) inside -= 1;
        else next();
      }
    },
  };
}
