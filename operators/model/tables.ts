import type { Frame, Waveform } from './decoded.ts';
import type { Located } from './key.ts';
import type { Statistics } from './observation.ts';
import type { EventTime } from './time.ts';

/**
 * What a stage may write down, one type per table of `sql/schema`. Property names are column names. The columns
 * `stream`, `sequence`, `appended` and `run` are not here: the epoch adds them to every row (the message that
 * caused the row), so no stage can get them wrong. `EventTime` is `DateTime64(6, 'UTC')`.
 */
export type Tables = {
  readings: Frame;
  waveforms: Waveform;
  windows: WindowRow;
  features: FeaturesRow;
  machine_states: MachineStateRow;
  machine_events: MachineEventRow;
  schedule: ScheduleRow;
  assets: AssetRow;
  rules: RulesRow;
  mapping_changes: MappingChangeRow;
  baselines: BaselineRow;
  anomalies: AnomalyRow;
  alarms: AlarmRow;
  incidents: IncidentRow;
  requests: RequestRow;
  commands: CommandRow;
  workflow_steps: WorkflowStepRow;
  dead_letters: DeadLetterRow;
};
export type TableName = keyof Tables;

export type WindowRow = Located &
  Statistics & {
    readonly signal: string;
    readonly window: string;
    readonly start: EventTime;
    readonly end: EventTime;
    /** Of stored values that were sent later: live data have a window of their own, of the same name and start. */
    readonly backfill: boolean;
    readonly version: number;
    /** Map(String, Float64), as `{ p50: 1.2 }`. */
    readonly quantiles: Readonly<Record<string, number>>;
  };

export type FeaturesRow = Located & {
  readonly point: string;
  readonly component: string;
  readonly time: EventTime;
  readonly rate: number;
  readonly samples: number;
  readonly rpm: number | null;
  readonly values: Readonly<Record<string, number>>;
  readonly absent: Readonly<Record<string, string>>;
};

export type MachineStateRow = Located & {
  readonly time: EventTime;
  readonly state: string;
  readonly mode: string;
  readonly product: string;
  readonly order: string;
};

export type MachineEventRow = Located & {
  readonly time: EventTime;
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** First token of its subject, and what the subject says of who said it; '' where it does not. */
  readonly kind: string;
  readonly via: string;
  readonly user: string;
  readonly system: string;
};

export type ScheduleRow = {
  readonly plant: string;
  readonly line: string;
  readonly id: string;
  readonly kind: string;
  readonly start: EventTime;
  readonly end: EventTime;
  readonly order: string;
  readonly segment: string;
  readonly product: string;
  readonly due: EventTime | null;
  readonly quantity: number | null;
  readonly assets: readonly string[];
  readonly cancelled: boolean;
};

export type AssetRow = Located & {
  readonly name: string;
  readonly class: string;
  readonly criticality: string;
  readonly stop_cost: number | null;
  readonly components: readonly string[];
  readonly signals: readonly string[];
  readonly points: readonly string[];
};

export type RulesRow = {
  readonly plant: string;
  readonly change: string;
  /** JSON text. */
  readonly rules: string;
};

export type BaselineRow = Located & {
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  readonly mode: string;
  readonly status: string;
  readonly samples: number;
  readonly needed: number;
  /** Running hours. */
  readonly hours: number;
  readonly needed_hours: number;
  readonly median: number;
  readonly mad: number;
  readonly time: EventTime;
};

export type MappingChangeRow = {
  readonly plant: string;
  /** Way and opaque id of the person, as the subject attests them. */
  readonly via: string;
  readonly user: string;
  readonly change: string;
  readonly verb: string;
  readonly reason: string;
  /** Of a proposal; '' in an answer. */
  readonly entity: string;
  readonly id: string;
  readonly system: string;
  readonly remote: string;
  readonly owner: string;
  /** Days. */
  readonly valid_from: string;
  readonly valid_to: string | null;
};

type SituationColumns = {
  readonly state: string;
  readonly mode: string;
  readonly order: string;
  readonly product: string;
};

export type AnomalyRow = Located &
  SituationColumns & {
    readonly id: string;
    readonly phase: string;
    readonly revision: number;
    readonly rule: string;
    readonly detector: string;
    readonly signal: string;
    readonly point: string;
    readonly component: string;
    readonly failure_mode: string;
    readonly severity: string;
    readonly since: EventTime;
    readonly time: EventTime;
    readonly value: number;
    readonly limit: number;
    readonly score: number;
    readonly unit: string;
    readonly reason: string;
    readonly sensor: string;
    readonly contributions: Readonly<Record<string, number>>;
    readonly part: string;
    readonly advice: string;
    /** JSON text. */
    readonly evidence: string;
    /** State of the alarm after this phase, and why it was withheld from patterns and people; '' when it was not. */
    readonly alarm: string;
    readonly withheld: string;
    /** Why it cleared: `well`, `rule changed` …; '' in the other phases. */
    readonly cause: string;
  };

export type AlarmRow = Located & {
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  /** Anomaly that it is about; '' for none. */
  readonly anomaly: string;
  readonly time: EventTime;
  readonly cause: string;
  readonly before: string;
  readonly after: string;
  readonly who: string;
  readonly reason: string;
};

export type IncidentRow = Located &
  SituationColumns & {
    readonly id: string;
    readonly rule: string;
    readonly component: string;
    readonly failure_mode: string;
    readonly severity: string;
    readonly start: EventTime;
    readonly end: EventTime;
    readonly time: EventTime;
    readonly anomalies: readonly string[];
    /** JSON text. */
    readonly evidence: string;
  };

export type RequestRow = Located & {
  readonly id: string;
  readonly revision: number;
  readonly action: string;
  readonly component: string;
  readonly failure_mode: string;
  readonly priority: string;
  readonly title: string;
  readonly since: EventTime;
  readonly opened: EventTime;
  readonly time: EventTime;
  readonly incidents: readonly string[];
  readonly anomalies: readonly string[];
  /** What the machine worked on when the revision was made. */
  readonly order: string;
  readonly operation: string;
  readonly product: string;
  readonly due: EventTime | null;
  readonly slot_start: EventTime | null;
  readonly slot_end: EventTime | null;
  readonly slot_entry: string;
  readonly slot_kind: string;
  readonly stop_cost: number | null;
  /** The order would miss its due time by a stop now. */
  readonly order_late: boolean | null;
  /** The whole revision as JSON text: what is published to the outbox, byte for byte. */
  readonly request: string;
};

/** Every command that a workflow decided on. */
export type CommandRow = Located & {
  readonly id: string;
  readonly request: string;
  readonly workflow: string;
  readonly step: string;
  readonly n: number;
  readonly system: string;
  readonly verb: string;
  readonly key: string;
  /** `on`: it is sent. `shadow`: it was only worked out. */
  readonly mode: 'on' | 'shadow';
  readonly not_after: EventTime | null;
  /** The command that it takes back, by id; '' for none. */
  readonly undoes: string;
  readonly priority: string;
  readonly because: string;
  /** Append time of the decision. */
  readonly time: EventTime;
  /** The whole command as JSON text: what is published to the outbox, byte for byte. */
  readonly command: string;
};

/** What became of a step of a workflow, and of the workflow as a whole (step ''), each time it changed. */
export type WorkflowStepRow = Located & {
  readonly request: string;
  readonly workflow: string;
  /** Hash of the definition that the workflow runs by. */
  readonly definition: string;
  readonly step: string;
  /** Among the changes of this request, from 1: several of them may be of one message. */
  readonly position: number;
  /** How many commands the step had. */
  readonly n: number;
  readonly state: string;
  readonly because: string;
  readonly time: EventTime;
  /** Nothing is waited for. */
  readonly settled: boolean;
  /** The command that it is about, by id; '' for none. */
  readonly command: string;
  readonly system: string;
  /** Id of the object in its system, and the last word on the state of that. */
  readonly remote: string;
  readonly remote_state: string;
  /** What its system gave, as JSON text. */
  readonly values: string;
};

/** One dead letter. The epoch folds them: one row per reason, stage and source. */
export type DeadLetterRow = {
  readonly reason: DeadLetterReason;
  readonly stage: string;
  /** Subject, asset or rule that it came from. */
  readonly source: string;
  readonly detail: string;
  /** How many readings or messages this stands for. */
  readonly count: number;
  /** What became a dead letter, as text; the epoch keeps the first three. */
  readonly original: string;
};

export const DEAD_LETTER_REASONS = [
  'malformed',
  'schema',
  'unknown',
  'duplicate',
  'too-late',
  'late',
  'skew',
  'out-of-step',
  'not-finite',
  'text',
  'precision',
  'missing',
  'bad-quality',
  'suspect',
  'out-of-range',
  'suppressed',
  'mixed',
  'rule-changed',
  'overflow',
  'budget',
  'defect',
  'trimmed',
  'gap',
  'refused',
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];
