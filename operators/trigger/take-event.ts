import { type MachineEvent, requestStatusOf, stateOf } from '../model/machine-event.ts';
import { plus } from '../model/time.ts';
import type { Episode } from './episode.ts';
import { type Moment, timerOf } from './revise.ts';
import { settingsOf } from './settings.ts';
import { calmDown } from './stages-of-life.ts';

const FINAL = new Set(['completed', 'closed', 'rejected', 'cancelled']);

/** What people did: the fate of a request, an acknowledgement at the machine. And what the machine works on. */
export function takeEvent(event: MachineEvent, moment: Moment): void {
  switch (event.type) {
    case 'state':
      takeState(event, moment);
      return;
    case 'request':
      takeStatus(event, moment);
      return;
    case 'acknowledged': {
      const { id } = event.data;
      for (const episode of moment.state.episodes) {
        if (id === undefined || id === null || id === episode.id) notice(episode, moment);
      }
      return;
    }
  }
}

function takeState(event: MachineEvent, { state }: Moment): void {
  if (event.time < state.said.time) return;
  const { order = '', product = '' } = stateOf(event) ?? {};
  state.said = { time: event.time, order, product };
}

function notice(episode: Episode, { out }: Moment): void {
  if (episode.opened === null) return;
  episode.noticed = true;
  out.sleep(timerOf(episode, 'escalate'));
}

/** A fact is never late, but an older one does not undo a newer one. */
function takeStatus(event: MachineEvent, moment: Moment): void {
  const data = requestStatusOf(event);
  const episode = moment.state.episodes.find(({ id }) => id === data?.id);
  if (data === undefined || episode === undefined) return;
  if (episode.told !== null && event.time < episode.told) return;
  const { out, shared, time } = moment;
  episode.told = event.time;
  episode.status = data.status;
  episode.note = data.note ?? episode.note;
  if (data.status === 'requested') return;
  notice(episode, moment);
  if (!FINAL.has(data.status)) {
    episode.final = null;
    out.sleep(timerOf(episode, 'cooldown'));
    return;
  }
  if (episode.final !== null) return;
  episode.final = time;
  episode.changes = [];
  out.sleep(timerOf(episode, 'fold'));
  const { cooldown } = settingsOf(shared, out.key, episode);
  out.wakeAt(plus(time, cooldown), timerOf(episode, 'cooldown'));
  if (episode.calm) calmDown(episode, moment);
}
