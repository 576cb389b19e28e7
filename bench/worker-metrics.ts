/** What the worker says of itself at `/metrics`, and how long it took to say so: what its event loop was busy with. */
export type WorkerMetrics = {
  readonly values: ReadonlyMap<string, number>;
  readonly milliseconds: number;
};

/** Reads the metrics; a series with labels stands under its name with the values of all its labels added up. */
export async function workerMetrics(url: string): Promise<WorkerMetrics> {
  const started = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const milliseconds = performance.now() - started;
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\w+)(?:\{[^}]*\})? (\S+)/.exec(line) ?? [];
    if (name !== undefined) values.set(name, (values.get(name) ?? 0) + Number(value));
  }
  return { values, milliseconds };
}
