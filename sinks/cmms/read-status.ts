import type { RequestStatus } from '../../operators/model/machine-event.ts';
import { excerpt, jsonOf } from './answer.ts';
import type { Call, Caller } from './caller.ts';
import type { CmmsConfig } from './config.ts';
import { type Outcome, ok, puzzling } from './outcome.ts';
import { at, textAt } from './pointer.ts';

/** What the CMMS says of an object: its own word, ours where the words are mapped, and a note where it has one. */
export type Seen = {
  readonly word: string;
  readonly status: RequestStatus | null;
  readonly note: string | null;
};

export async function readStatus(
  caller: Caller,
  config: NonNullable<CmmsConfig['status']>,
  id: string,
  remote: string,
  call: Call,
): Promise<Outcome<Seen>> {
  const outcome = await caller(config, { id, remote }, call);
  if (outcome.kind === 'rejected' && config.gone !== undefined && isGone(outcome.status)) {
    return ok({ word: `${outcome.status}`, status: config.gone, note: 'no longer there' });
  }
  if (outcome.kind !== 'ok') return outcome;
  const json = jsonOf(outcome.value);
  const words = config.at.flatMap((pointer) => {
    const found = at(json, pointer);
    return typeof found === 'object' || found === undefined ? [] : [String(found)];
  });
  const note = (config.note === undefined ? undefined : textAt(json, config.note)) ?? null;
  const mapped = words.find((word) => Object.hasOwn(config.words, word));
  if (mapped !== undefined) return ok({ word: mapped, status: config.words[mapped] ?? null, note });
  if (json !== undefined && config.absent !== undefined) {
    return ok({ word: words[0] ?? 'absent', status: config.absent, note });
  }
  const [word] = words;
  if (word !== undefined) return ok({ word, status: null, note });
  return puzzling(
    `status: expected a word at "${config.at.join('", "')}", found ${excerpt(outcome.value.text) || 'nothing'}`,
    outcome.value.status,
  );
}

function isGone(status: number | null): boolean {
  return status === 404 || status === 410;
}
