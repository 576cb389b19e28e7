import type { RequestStatus } from '../../operators/model/machine-event.ts';
import { excerpt, jsonOf } from './answer.ts';
import type { Call, Caller } from './caller.ts';
import type { CmmsConfig } from './config.ts';
import { type Outcome, ok, puzzling } from './outcome.ts';
import { textAt } from './pointer.ts';

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
  const word = textAt(json, config.at);
  if (word === undefined) {
    const note = `status: expected a word at "${config.at}", found ${excerpt(outcome.value.text) || 'nothing'}`;
    return puzzling(note, outcome.value.status);
  }
  const note = config.note === undefined ? undefined : textAt(json, config.note);
  const status = Object.hasOwn(config.words, word) ? (config.words[word] ?? null) : null;
  return ok({ word, status, note: note ?? null });
}

function isGone(status: number | null): boolean {
  return status === 404 || status === 410;
}
