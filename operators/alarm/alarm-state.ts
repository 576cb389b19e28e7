/** What moves an alarm of ISA-18.2 from one state to another. */

import type { AlarmState } from '../model/anomaly.ts';

/** `risen`: the severity of an active alarm rose. `realarm`: it was active for too long after it was acknowledged. */
export type AlarmCause =
  | 'raised'
  | 'risen'
  | 'cleared'
  | 'acknowledged'
  | 'realarm'
  | 'shelved'
  | 'unshelved'
  | 'suppressed'
  | 'unsuppressed'
  | 'taken-out'
  | 'put-back';

/**
 * A state is derived from these facts, so that what was hidden by shelving, suppression or being out of service is right
 * again when it is shown. `suppressed`: by design. `reported`: patterns and people know of it.
 */
export type AlarmFacts = {
  active: boolean;
  acknowledged: boolean;
  reported: boolean;
  shelved: boolean;
  suppressed: boolean;
  out_of_service: boolean;
};

export function normalFacts(): AlarmFacts {
  const hidden = { shelved: false, suppressed: false, out_of_service: false };
  return { active: false, acknowledged: true, reported: false, ...hidden };
}

/** Of several reasons to hide an alarm the strongest shows: out of service, suppressed, shelved. */
export function alarmState(facts: AlarmFacts): AlarmState {
  if (facts.out_of_service) return 'out-of-service';
  if (facts.suppressed) return 'suppressed';
  if (facts.shelved) return 'shelved';
  if (facts.active) return facts.acknowledged ? 'acknowledged' : 'unacknowledged';
  return facts.acknowledged ? 'normal' : 'returned';
}

/** Whether this alarm is reported to patterns and people now. */
export function isShown({ shelved, suppressed, out_of_service }: AlarmFacts): boolean {
  return !shelved && !suppressed && !out_of_service;
}

/** Changes the facts by a cause. What it does not concern it leaves as it is: every cause may come in every state. */
export function applyCause(facts: AlarmFacts, cause: AlarmCause): void {
  switch (cause) {
    case 'raised':
      facts.active = true;
      facts.acknowledged = false;
      facts.reported = isShown(facts);
      return;
    case 'risen':
      if (facts.active) facts.acknowledged = false;
      return;
    case 'cleared':
      if (!facts.active) return;
      facts.active = false;
      // What was not reported needs no acknowledgement.
      if (!facts.reported) facts.acknowledged = true;
      facts.reported = false;
      return;
    case 'acknowledged':
      facts.acknowledged = true;
      return;
    case 'realarm':
      if (facts.active) facts.acknowledged = false;
      return;
    case 'shelved':
    case 'unshelved':
      facts.shelved = cause === 'shelved';
      break;
    case 'suppressed':
    case 'unsuppressed':
      facts.suppressed = cause === 'suppressed';
      break;
    case 'taken-out':
    case 'put-back':
      facts.out_of_service = cause === 'taken-out';
      break;
  }
  if (facts.active && isShown(facts)) facts.reported = true;
}
