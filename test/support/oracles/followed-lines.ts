/** What the stage `watermarks` says of lines, message by message, and what it was told. */
import { Subject } from 'rxjs';
import { decode } from '../../../operators/decode/decode.ts';
import type { Event, Flow, StageId } from '../../../operators/flow/flow.ts';
import { eachEvent } from '../../../operators/flow/stage.ts';
import { watermarks } from '../../../operators/flow/watermarks.ts';
import { type Decoded, weightOf } from '../../../operators/model/decoded.ts';
import { type Key, lineOf } from '../../../operators/model/key.ts';
import { type Message, sourceOf } from '../../../operators/model/message.ts';
import { validate } from '../../../operators/validate/validate.ts';
import { createSnapshots } from '../../../pipelines/worker/epochs/snapshots.ts';
import { NO_STATES } from '../../../pipelines/worker/epochs/state-image.ts';
import type { Heard } from './line-time.ts';

/** After a message: what was heard with it, and where each line stands by its watermarks. */
type Step = {
  readonly appended: number;
  readonly line: string | undefined;
  readonly heard: Heard | undefined;
  readonly times: ReadonlyMap<string, number>;
};

export function followLines(messages: readonly Message[]): Step[] {
  const states = createSnapshots(NO_STATES);
  const log = new Subject<Flow<Message>>();
  const times = new Map<string, number>();
  let checked: Event<Decoded> | undefined;
  log
    .pipe(
      decode(),
      validate(states),
      eachEvent<Decoded, Decoded>((event, emit) => {
        checked = event;
        emit(event);
      }),
      watermarks<Decoded>({ id: 'watermarks' as StageId, weigh: weightOf }, states),
    )
    .subscribe((item) => {
      if (item.kind === 'watermark' && item.scope === 'line') times.set(item.of, item.time);
    });
  return messages.map((message) => {
    checked = undefined;
    const { appended, subject } = message;
    log.next({ kind: 'event', key: subject as Key, time: appended, value: message });
    const heard = checked === undefined ? undefined : heardOf(checked);
    const line = heard === undefined ? undefined : lineOf(heard.asset);
    return { appended, line, heard, times: new Map(times) };
  });
}

function heardOf({ time, value }: Event<Decoded>): Heard | undefined {
  if (value.kind === 'tick') return undefined;
  const { kind, asset, origin } = value;
  const { appended, backfill = false } = origin;
  return { source: sourceOf(origin), asset, kind, backfill, time, appended };
}
