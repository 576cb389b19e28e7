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
};
