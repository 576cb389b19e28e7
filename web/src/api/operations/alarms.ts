// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type AlarmsOperations = {
  /** Anomalies by their latest phase, newest first. */
  getAnomalies: {
    method: 'GET';
    url: '/api/v1/anomalies';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      plant?: string;
      line?: string;
      asset?: string;
      standing?: 'true' | 'false';
      severity?: 'notice' | 'warning' | 'alarm' | 'danger';
      from?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        plant: string;
        line: string;
        asset: string;
        id: string;
        phase: 'raised' | 'updated' | 'cleared';
        /** Counts the phases: what an act has seen. */
        revision: number;
        rule: string;
        detector: string;
        signal: string;
        point: string;
        component: string;
        failure_mode: string;
        /** One of notice, warning, alarm, danger. */
        severity: string;
        /** First breach of the unbroken run. */
        since: string;
        /** Of this phase. */
        time: string;
        value: number | null;
        limit: number | null;
        unit: string;
        /** One sentence for people. */
        reason: string;
        advice: string;
        /** PackML state of the machine at the time. */
        state: string;
        order: string;
        product: string;
        /** Why people were not told; empty when they were. */
        withheld: string;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** Alarms that are not normal, those that changed last first. */
  getAlarms: {
    method: 'GET';
    url: '/api/v1/alarms';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      plant?: string;
      line?: string;
      asset?: string;
      state?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        plant: string;
        line: string;
        asset: string;
        rule: string;
        signal: string;
        point: string;
        /** Its anomaly: what acts name. Empty for none. */
        anomaly: string;
        /** By ISA-18.2: unacknowledged, acknowledged, returned, shelved … */
        state: string;
        /** What brought it there. */
        cause: string;
        /** Who did it: an opaque id; empty if nobody. */
        who: string;
        /** Why, in words. */
        note: string;
        time: string;
        /** One of notice, warning, alarm, danger. */
        severity: string;
        since: string;
        revision: number;
        value: number | null;
        limit: number | null;
        unit: string;
        component: string;
        failure_mode: string;
        reason: string;
        advice: string;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** Matches of patterns, and anomalies that a trigger names, newest first. */
  getIncidents: {
    method: 'GET';
    url: '/api/v1/incidents';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      plant?: string;
      line?: string;
      asset?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        plant: string;
        line: string;
        asset: string;
        id: string;
        rule: string;
        component: string;
        failure_mode: string;
        /** One of notice, warning, alarm, danger. */
        severity: string;
        start: string;
        end: string;
        time: string;
        anomalies: Array<string>;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** All that is withheld: by whom, why, until when, and what it hides now. */
  getSilenced: {
    method: 'GET';
    url: '/api/v1/silenced';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      asset?: string;
    };
    body: undefined;
    answer: {
      silenced: Array<{
        plant: string;
        line: string;
        asset: string;
        /** by-design: the rules withhold it during what `reason` names. */
        kind: 'shelved' | 'out-of-service' | 'by-design';
        /** Only alarms of this rule; `*` stands for any letters; empty: of all. */
        rule: string;
        signal: string;
        point: string;
        since: string;
        /** When it ends by itself; null: when somebody ends it. */
        until: string | null;
        /** Opaque id of the person; empty if nobody. */
        who: string;
        reason: string;
        /** Alarms that it withholds now. */
        hides: number;
        /** The worst severity of them; empty for none. */
        worst: string;
      }>;
      /** Workflows and messages that the rules have switched off, or never on. */
      idle_rules: Array<{
        plant: string;
        kind: 'workflow' | 'messages';
        rule: string;
        /** shadow: it is worked out and lands; nothing is sent. */
        mode: 'off' | 'shadow';
        /** Of messages: who would hear. Empty for a workflow. */
        role: string;
      }>;
      /** People who are not told of less now, for whoever may see exceptions. */
      quiet: Array<{
        /** Opaque id. */
        person: string;
        /** Empty where no name is known. */
        name: string;
        until: string;
        /** What is at least so grave comes through. */
        except: string;
      }>;
    };
  };
  /** The quality of the alarm system by the numbers of ISA-18.2 and EEMUA 191. */
  getAlarmNumbers: {
    method: 'GET';
    url: '/api/v1/alarm-numbers';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      days?: number;
    };
    body: undefined;
    answer: {
      /** Null where there is no data. */
      from: string | null;
      to: string | null;
      days: number;
      totals: {
        alarms: number;
        first: number;
        second: number;
        third: number;
        most_in_a_day: number;
        most_in_an_hour: number;
        most_in_ten_minutes: number;
      };
      /** Alarms that came three times or more within a minute. */
      chattering: number;
      /** Active now. */
      standing: number;
      /** Active for more than a day. */
      stale: number;
      /** Share of the time in which a line was in a flood. */
      flood_share: number;
      /** The latest twenty. */
      floods: Array<{
        plant: string;
        line: string;
        from: string;
        to: string;
        alarms: number;
        most_in_ten_minutes: number;
      }>;
      /** The ten that came most often. */
      worst: Array<{
        plant: string;
        line: string;
        asset: string;
        rule: string;
        signal: string;
        alarms: number;
        /** Of all alarms. */
        share: number;
        /** Three times or more within a minute. */
        chattering: boolean;
      }>;
    };
  };
};
