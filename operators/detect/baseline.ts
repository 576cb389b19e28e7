import type { BaselineState } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { DEVIATIONS_PER_MAD, robust } from './robust.ts';
import { deadbandOf, type Hearing, short, type Verdict } from './verdict.ts';

type BaselineRule = Extract<DetectorRule, { kind: 'baseline' }>;

/** One mode's baseline: a column of samples (on the rule's scale) while it learns, two numbers once it is ready. */
type Mode = {
  status: BaselineState['status'];
  samples: Float64Array | null;
  count: number;
  median: number;
  mad: number;
};
export type Baselines = { kind: 'baseline'; modes: Record<string, Mode> };

export type Milestone = Pick<
  BaselineState,
  'mode' | 'status' | 'samples' | 'needed' | 'median' | 'mad'
>;

const MOST_MODES = 256;
/** Of the column while it learns; it doubles as it fills. */
const FIRST_ROOM = 32;

export function noBaselines(): Baselines {
  return { kind: 'baseline', modes: {} };
}

/**
 * Learns `learn` samples of each mode, then holds every further one against their median and MAD, for ever: a
 * baseline that followed the machine would follow the wear. While an anomaly of the signal stands nothing is learnt
 * (`frozen`). `show` is called at every tenth of the learning and whenever the status changes. Levels: `up`, `down`.
 */
export function baseline(
  memory: Baselines,
  rule: BaselineRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const { value, sample } = hearing;
  if (rule.scale === 'log' && !(value > 0)) {
    return hearing.refuse(`a logarithm needs values above 0, found ${value}`);
  }
  const name = rule.modes.map((part) => sample.situation[part]).join('/');
  const mode = modeOf(memory, name);
  if (mode === undefined) {
    return hearing.refuse(`more than ${MOST_MODES} modes, ${name} has no baseline`);
  }
  const scaled = rule.scale === 'log' ? Math.log(value) : value;
  if (mode.status === 'ready') return held(rule, hearing, scaled, mode, name);
  if (study(mode, scaled, rule.learn, hearing.isSuspect())) show(milestoneOf(rule, name, mode));
  return undefined;
}

function modeOf(memory: Baselines, name: string): Mode | undefined {
  const known = Object.hasOwn(memory.modes, name) ? memory.modes[name] : undefined;
  if (known !== undefined || Object.keys(memory.modes).length >= MOST_MODES) return known;
  const samples = new Float64Array(FIRST_ROOM);
  const mode: Mode = { status: 'learning', samples, count: 0, median: 0, mad: 0 };
  memory.modes[name] = mode;
  return mode;
}

/** Takes a sample into a baseline that is not ready. True when there is something new to show. */
function study(mode: Mode, scaled: number, learn: number, suspect: boolean): boolean {
  const status = suspect ? 'frozen' : 'learning';
  const isNews = mode.status !== status;
  mode.status = status;
  if (suspect || mode.samples === null) return isNews;
  const tenth = Math.floor((10 * mode.count) / learn);
  if (mode.count === mode.samples.length) {
    const roomier = new Float64Array(Math.min(learn, 2 * mode.count));
    roomier.set(mode.samples);
    mode.samples = roomier;
  }
  mode.samples[mode.count] = scaled;
  mode.count += 1;
  if (!isNews && Math.floor((10 * mode.count) / learn) === tenth) return false;
  Object.assign(mode, robust(mode.samples.slice(0, mode.count)));
  if (mode.count >= learn) {
    mode.status = 'ready';
    mode.samples = null;
  }
  return true;
}

function milestoneOf(rule: BaselineRule, name: string, mode: Mode): Milestone {
  return {
    mode: name,
    status: mode.status,
    samples: mode.count,
    needed: rule.learn,
    median: rule.scale === 'log' ? Math.exp(mode.median) : mode.median,
    mad: mode.mad,
  };
}

function held(
  rule: BaselineRule,
  { value, sample: { unit } }: Hearing,
  scaled: number,
  { median, mad, count }: Mode,
  name: string,
): Verdict {
  const isLog = rule.scale === 'log';
  const least = isLog ? rule.floor : rule.floor * Math.abs(median);
  // A dead constant signal without a floor: any change is infinitely many deviations, so keep it finite.
  const deviation =
    DEVIATIONS_PER_MAD * Math.max(mad, least, Number.EPSILON * Math.abs(median), 1e-12);
  const score = (scaled - median) / deviation;
  const isDown = rule.direction === 'down' || (rule.direction === 'both' && score < 0);
  const side = isDown ? 'down' : 'up';
  const bound = median + (isDown ? -rule.limit : rule.limit) * deviation;
  const back = (x: number) => (isLog ? Math.exp(x) : x);
  const limit = back(bound);
  const beyond = isDown ? limit - value : value - limit;
  const usual = back(median);
  return {
    level: beyond > 0 ? side : '',
    calm: beyond > -deadbandOf(rule, limit) ? side : '',
    value,
    unit,
    limit,
    score: isDown ? -score : score,
    text: () =>
      `${short(Math.abs(score))} robust deviations ${score < 0 ? 'below' : 'above'} its usual ${short(usual)} ${unit} (limit ${short(limit)} ${unit})`,
    evidence: () => ({
      median: usual,
      mad,
      // What one deviation is after the floor: the score can be worked out again from these.
      deviation,
      scale: rule.scale,
      samples: count,
      mode: name,
    }),
  };
}
