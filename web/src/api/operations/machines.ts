// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type MachinesOperations = {
  /** Each machine: what it does, what is wrong, which request is open. */
  getSituation: {
    method: 'GET';
    url: '/api/v1/situation';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      asset?: string;
    };
    body: undefined;
    answer: {
      machines: Array<{
        plant: string;
        line: string;
        asset: string;
        name: string;
        class: string;
        criticality: string;
        stop_cost: number | null;
        /** Null when the machine never said what it does. */
        doing: {
          since: string;
          state: string;
          mode: string;
          order: string;
          product: string;
          kind: string;
          planned: string;
        } | null;
        /** 1: act now, 2: act soon, 3: look at it; null when nothing is wrong. */
        priority: number | null;
        /** That stand, or wait to be acknowledged. */
        alarms: number;
        unacknowledged: number;
        /** Shelved, suppressed or out of service. */
        withheld: number;
        /** The worst alarm, the oldest of several. */
        headline: {
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
        } | null;
        /** The open request that was opened first. */
        request: {
          plant: string;
          line: string;
          asset: string;
          id: string;
          title: string;
          priority: string;
          failure_mode: string;
          opened: string;
          /** In the CMMS; empty when it has said nothing yet. */
          status: string;
          slot_start: string | null;
          slot_end: string | null;
          slot_kind: string;
          /** Of a stop for the work while the machine produces. */
          stop_cost: number | null;
          cost_in_slot: number | null;
        } | null;
        /** That are open. */
        requests: number;
      }>;
    };
  };
  /** A signal over time: least, greatest and latest value of each point, and never more points than asked. */
  getSignal: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/signals/{signal}';
    path: {
      plant: string;
      line: string;
      asset: string;
      signal: string;
    };
    query: {
      from?: string;
      to?: string;
      points?: number;
    };
    body: undefined;
    answer: {
      signal: string;
      unit: string | null;
      description: string | null;
      range: [number, number] | null;
      /** Limits of the rules in force. */
      limits: Array<{
        rule: string;
        kind: 'above' | 'below';
        value: number;
        /** Of which statistic of its window, where it is not the reading. */
        of: string;
        severity: string;
      }>;
      from: string;
      to: string;
      /** Milliseconds of a point. */
      step: number;
      /** From which table the points were made. */
      source: 'readings' | 'minutes' | 'hours' | 'windows' | 'features';
      /** Milliseconds since 1970: the latest reading of each point. */
      times: Array<number>;
      least: Array<number>;
      greatest: Array<number>;
      latest: Array<number>;
    };
  };
  /** What the machine did, from when to when, and what was planned. */
  getTimeline: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/timeline';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: {
      from?: string;
      to?: string;
      points?: number;
    };
    body: undefined;
    answer: {
      from: string;
      to: string;
      states: Array<{
        from: string;
        to: string;
        state: string;
        kind: string;
        mode: string;
        order: string;
        product: string;
        planned: string;
      }>;
    };
  };
  /** Bursts of a measuring point, newest first. */
  getWaveforms: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/points/{point}/waveforms';
    path: {
      plant: string;
      line: string;
      asset: string;
      point: string;
    };
    query: {
      limit?: number;
      cursor?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        /** Start of the burst: what names it. */
        time: string;
        /** Samples per second. */
        rate: number;
        samples: number;
        unit: string;
        rpm: number | null;
        /** mm/s; null where it could not be computed. */
        velocity_rms: number | null;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** One burst: samples, velocity spectrum with orders, envelope spectrum with defect frequencies, and the diagnosis. */
  getSpectrum: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/points/{point}/waveforms/{time}';
    path: {
      plant: string;
      line: string;
      asset: string;
      point: string;
      /** Start of the burst, as the list has it. */
      time: string;
    };
    query: {
      points?: number;
    };
    body: undefined;
    answer: {
      time: string;
      rate: number;
      samples: number;
      unit: string;
      rpm: number | null;
      /** Shaft speed that orders rest on, Hz. */
      shaft: number | null;
      wave: {
        /** Seconds of a point. */
        step: number;
        least: Array<number>;
        greatest: Array<number>;
      };
      /** mm/s rms; null where the samples cannot be read. */
      velocity: {
        /** Hz: point k begins at k times this. */
        step: number;
        /** The greatest line of each point. */
        values: Array<number>;
        /** Where lines of the shaft and of defects of the bearing are expected. */
        marks: Array<{
          kind: 'order' | 'outer_race' | 'inner_race' | 'rolling_element' | 'cage';
          /** The order, or the number of the harmonic. */
          n: number;
          /** Hz. */
          at: number;
        }>;
      } | null;
      /** Squared envelope of the prewhitened samples, as a share of its mean. */
      envelope: {
        /** Hz: point k begins at k times this. */
        step: number;
        /** The greatest line of each point. */
        values: Array<number>;
        /** Where lines of the shaft and of defects of the bearing are expected. */
        marks: Array<{
          kind: 'order' | 'outer_race' | 'inner_race' | 'rolling_element' | 'cage';
          /** The order, or the number of the harmonic. */
          n: number;
          /** Hz. */
          at: number;
        }>;
      } | null;
      /** Features. */
      values: Record<string, number>;
      /** Features that could not be computed, and why. */
      absent: Record<string, string>;
      /** By ISO 20816-3. */
      zone: string | null;
      diagnosis: {
        verdict: string;
        confidence: number;
        reasons: Array<string>;
        action: string;
      };
    };
  };
  /** A feature of the bursts of a measuring point over time, with the limits of the rules. */
  getFeature: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/points/{point}/features/{feature}';
    path: {
      plant: string;
      line: string;
      asset: string;
      point: string;
      feature: string;
    };
    query: {
      from?: string;
      to?: string;
      points?: number;
    };
    body: undefined;
    answer: {
      signal: string;
      unit: string | null;
      description: string | null;
      range: [number, number] | null;
      /** Limits of the rules in force. */
      limits: Array<{
        rule: string;
        kind: 'above' | 'below';
        value: number;
        /** Of which statistic of its window, where it is not the reading. */
        of: string;
        severity: string;
      }>;
      from: string;
      to: string;
      /** Milliseconds of a point. */
      step: number;
      /** From which table the points were made. */
      source: 'readings' | 'minutes' | 'hours' | 'windows' | 'features';
      /** Milliseconds since 1970: the latest reading of each point. */
      times: Array<number>;
      least: Array<number>;
      greatest: Array<number>;
      latest: Array<number>;
    };
  };
};
