/** The alarm states of ISA-18.2 (IEC 62682). */
export type AlarmState =
  | 'normal'
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned'
  | 'shelved'
  | 'suppressed'
  | 'out-of-service';

/** What changes them. `risen`: the severity of a standing alarm rose; `realarm`: it stood too long after it was acknowledged. */
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
 * Behind the states stand five facts, so that what was hidden by shelving, suppression or being out of service is right
 * again when it is shown. `told`: patterns and people know of it.
 */
export type AlarmFacts = {
  active: boolean;
  acknowledged: boolean;
  told: boolean;
  shelved: boolean;
  suppressed: boolean;
  out: boolean;
};

export function noAlarm(): AlarmFacts {
  const hidden = { shelved: false, suppressed: false, out: false };
  return { active: false, acknowledged: true, told: false, ...hidden };
}

/** Of several reasons to hide an alarm the strongest shows: out of service, suppressed, shelved. */
export function alarmState(facts: AlarmFacts): AlarmState {
  if (facts.out) return 'out-of-service';
  if (facts.suppressed) return 'suppressed';
  if (facts.shelved) return 'shelved';
  if (facts.active) return facts.acknowledged ? 'acknowledged' : 'unacknowledged';
  return facts.acknowledged ? 'normal' : 'returned';
}

/** Whether patterns and people are told of this alarm now. */
export function isShown({ shelved, suppressed, out }: AlarmFacts): boolean {
  return !shelved && !suppressed && !out;
}

/** Takes a cause in. What it does not concern it leaves as it is: every cause may come in every state. */
export function turn(facts: AlarmFacts, cause: AlarmCause): void {
  switch (cause) {
    case 'raised':
      facts.active = true;
      facts.acknowledged = false;
      facts.told = isShown(facts);
      return;
    case 'risen':
      if (facts.active) facts.acknowledged = false;
      return;
    case 'cleared':
      if (!facts.active) return;
      facts.active = false;
      // Of what nobody was told nobody has anything to acknowledge.
      if (!facts.told) facts.acknowledged = true;
      facts.told = false;
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
      facts.out = cause === 'taken-out';
      break;
  }
  if (facts.active && isShown(facts)) facts.told = true;
}
