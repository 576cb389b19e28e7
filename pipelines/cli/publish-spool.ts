import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { bytes } from '../base/config.ts';
import { wrongInput } from '../base/wrong-input.ts';
import type { ConnectOptions } from '../nats/connection.ts';
import { openSpool, type Spool } from '../nats/spool.ts';
import type { RecordingDescription } from '../recordings/recording-description.ts';

export type SpoolOptions = { readonly spool?: string; readonly spoolLimit: string };

/** The spool of a publication, if one is asked for. `about`: everything else that its messages hang on. */
export async function spoolOf(
  { spool, spoolLimit }: SpoolOptions,
  recordings: readonly RecordingDescription[],
  about: unknown,
): Promise<Spool | undefined> {
  const limit = bytes.safeParse(spoolLimit);
  if (!limit.success) {
    throw wrongInput('--spool-limit', 'a number of bytes such as 64MB or 2GB', spoolLimit);
  }
  if (spool === undefined) return undefined;
  const files = recordings.map(({ file }) => statSync(file, { throwIfNoEntry: false })?.size);
  const publication = createHash('sha256')
    .update(JSON.stringify([recordings, files, about]))
    .digest('hex');
  return openSpool({ directory: spool, limit: limit.data, publication });
}

/** Says on standard error what becomes of NATS and of the spool. */
export function tellOutages(limit: string) {
  let away = false;
  const tell = (now: boolean, said: string) => {
    if (away !== now) console.error(said);
    away = now;
  };
  const onStatus: NonNullable<ConnectOptions['onStatus']> = ({ type }) => {
    if (type === 'absent') tell(true, 'NATS does not answer. It is waited for.');
    if (type === 'disconnect') tell(true, 'NATS is away. Messages go into the spool.');
    if (type === 'reconnect') tell(false, 'NATS is back.');
  };
  const onFull = (full: boolean) => {
    console.error(
      full
        ? `The spool is full (${limit}). Nothing more is read until NATS has taken what is in it; nothing is dropped.`
        : 'The spool has room again.',
    );
  };
  return { onStatus, onFull };
}
