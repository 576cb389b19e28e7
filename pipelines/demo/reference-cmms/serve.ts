import { startReferenceCmms } from '../reference-cmms.ts';

export type ServeOptions = {
  readonly journal: string;
  readonly port: string;
  readonly token?: string | undefined;
};

/** Runs the reference CMMS until SIGTERM or Ctrl-C. Prints its address as one line of JSON once it answers. */
export async function serveReferenceCmms({ journal, port, token }: ServeOptions): Promise<void> {
  const cmms = await startReferenceCmms({
    journal,
    port: Number(port),
    ...(token === undefined ? {} : { token }),
  });
  console.log(JSON.stringify({ url: cmms.url }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void cmms.close());
  }
}
