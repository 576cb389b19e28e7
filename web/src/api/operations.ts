// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type Operations = {
  /** Begins a session by name and password; the answer sets its cookie. */
  signIn: {
    method: 'POST';
    url: '/api/v1/session';
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      name: string;
      password: string;
    };
    answer: {
      /** Opaque: what the log has of a person. */
      id: string;
      name: string;
      roles: Array<{
        role:
          | 'viewer'
          | 'operator'
          | 'technician'
          | 'supervisor'
          | 'planner'
          | 'engineer'
          | 'analyst'
          | 'manager'
          | 'administrator';
        plant?: string;
        line?: string;
      }>;
      rights: Array<{
        act: string;
        everywhere: boolean;
        plants: Array<string>;
        /** `plant/line`. */
        lines: Array<string>;
      }>;
      /** To be sent with each act as X-Andon-CSRF; null for programs, which have no session. */
      csrf: string | null;
    };
  };
  /** Ends the session. */
  signOut: {
    method: 'DELETE';
    url: '/api/v1/session';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** Who one is, and what one may do. */
  getMe: {
    method: 'GET';
    url: '/api/v1/me';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Opaque: what the log has of a person. */
      id: string;
      name: string;
      roles: Array<{
        role:
          | 'viewer'
          | 'operator'
          | 'technician'
          | 'supervisor'
          | 'planner'
          | 'engineer'
          | 'analyst'
          | 'manager'
          | 'administrator';
        plant?: string;
        line?: string;
      }>;
      rights: Array<{
        act: string;
        everywhere: boolean;
        plants: Array<string>;
        /** `plant/line`. */
        lines: Array<string>;
      }>;
      /** To be sent with each act as X-Andon-CSRF; null for programs, which have no session. */
      csrf: string | null;
    };
  };
  /** Plants and their lines, with the newest time of each line. */
  getPlants: {
    method: 'GET';
    url: '/api/v1/plants';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      plants: Array<{
        id: string;
        name: string;
        /** IANA name: times of the plant are shown in it. */
        time_zone: string;
        currency: string | null;
        lines: Array<{
          id: string;
          name: string;
          /** Up to when anything is known of the line: its "now". Null before its first data. */
          newest: string | null;
        }>;
      }>;
    };
  };
  /** Assets with their signals and measuring points, in the order of the plant model. */
  getAssets: {
    method: 'GET';
    url: '/api/v1/assets';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      asset?: string;
    };
    body: undefined;
    answer: {
      assets: Array<{
        plant: string;
        line: string;
        asset: string;
        name: string;
        class: string;
        criticality: 'A' | 'B' | 'C';
        /** Of an hour of standstill, in the currency of the plant. */
        stop_cost: number | null;
        components: Array<string>;
        signals: Array<{
          id: string;
          unit: string | null;
          description: string | null;
          /** Physical range of the sensor. */
          range: [number, number] | null;
        }>;
        points: Array<string>;
      }>;
    };
  };
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
          kind: string;
          mode: string;
          order: string;
          product: string;
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
          stop_cost: number | null;
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
      source: 'readings' | 'minutes' | 'hours';
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
  /** Requests by their latest revision, newest first. */
  getRequests: {
    method: 'GET';
    url: '/api/v1/requests';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      plant?: string;
      line?: string;
      asset?: string;
      open?: 'true' | 'false';
    };
    body: undefined;
    answer: {
      entries: Array<{
        plant: string;
        line: string;
        asset: string;
        id: string;
        /** What an act has seen. */
        revision: number;
        action: 'open' | 'update' | 'withdraw' | 'close';
        component: string;
        failure_mode: string;
        /** low, medium, high or urgent. */
        priority: string;
        title: string;
        opened: string;
        time: string;
        /** In the CMMS; empty when it has said nothing yet. */
        status: string;
        /** Neither withdrawn nor closed. */
        open: boolean;
        accepted: string | null;
        started: string | null;
        completed: string | null;
        over: string | null;
        order: string;
        product: string;
        due: string | null;
        slot_start: string | null;
        slot_end: string | null;
        slot_kind: string;
        /** Of a stop for the work while the machine produces. */
        stop_cost: number | null;
        order_late: boolean | null;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** One request as a story: evidence, revisions, statuses, acts; and where it stands in the CMMS. */
  getRequest: {
    method: 'GET';
    url: '/api/v1/requests/{id}';
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      request: {
        plant: string;
        line: string;
        asset: string;
        id: string;
        /** What an act has seen. */
        revision: number;
        action: 'open' | 'update' | 'withdraw' | 'close';
        component: string;
        failure_mode: string;
        /** low, medium, high or urgent. */
        priority: string;
        title: string;
        opened: string;
        time: string;
        /** In the CMMS; empty when it has said nothing yet. */
        status: string;
        /** Neither withdrawn nor closed. */
        open: boolean;
        accepted: string | null;
        started: string | null;
        completed: string | null;
        over: string | null;
        order: string;
        product: string;
        due: string | null;
        slot_start: string | null;
        slot_end: string | null;
        slot_kind: string;
        /** Of a stop for the work while the machine produces. */
        stop_cost: number | null;
        order_late: boolean | null;
        asset_name: string;
        work: string;
        description: string;
        because: string;
        parts: Array<string>;
        /** Hours. */
        duration: number | null;
        currency: string;
        cost_in_slot: number | null;
      };
      /** From the first breach on, in order. */
      moments: Array<{
        time: string;
        kind: 'anomaly' | 'event' | 'revision' | 'status' | 'act';
        title: string;
        text: string;
        /** Id of the anomaly, action of the revision, status, type of the act. */
        about: string;
        signal: string;
        value: number | null;
        limit: number | null;
        unit: string;
        /** Opaque id of the person; empty where it was none. */
        who: string;
      }>;
      /** Null before anything was sent. */
      delivery: {
        state: 'waiting' | 'sent' | 'rejected';
        /** Its number in the CMMS. */
        remote: string | null;
        status:
          | 'requested'
          | 'accepted'
          | 'scheduled'
          | 'started'
          | 'completed'
          | 'closed'
          | 'rejected'
          | 'cancelled'
          | null;
        attempts: number;
        /** Of the last attempt. */
        note: string;
      } | null;
    };
  };
  /** Schedule entries in force that touch a stretch of time. */
  getSchedule: {
    method: 'GET';
    url: '/api/v1/schedule';
    path: Record<never, never>;
    query: {
      plant?: string;
      line?: string;
      from: string;
      to: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        plant: string;
        line: string;
        id: string;
        /** order, operation, changeover, planned-stop or maintenance. */
        kind: string;
        start: string;
        end: string;
        order: string;
        product: string;
        due: string | null;
        quantity: number | null;
        /** Only these; all of the line if empty. */
        assets: Array<string>;
      }>;
    };
  };
  /** What left the main way and why, newest first: one entry for each epoch, reason, stage and source. */
  getDeadLetters: {
    method: 'GET';
    url: '/api/v1/dead-letters';
    path: Record<never, never>;
    query: {
      limit?: number;
      cursor?: string;
      reason?: string;
      source?: string;
    };
    body: undefined;
    answer: {
      entries: Array<{
        stream: string;
        sequence: number;
        last_sequence: number;
        appended: string;
        reason: string;
        stage: string;
        /** Subject, asset or rule that it came from. */
        source: string;
        /** Readings or messages. */
        count: number;
        detail: string;
        /** The first three, shortened. */
        originals: Array<string>;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** Acknowledges an alarm: somebody has seen it. */
  acknowledge: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/acknowledgements';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** The anomaly of the alarm. */
      anomaly: string;
      /** The revision of the anomaly that was on the screen: if it is worse by now, nothing is done. */
      seen?: number;
      /** Why, in words. */
      reason?: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Says whether an alarm was right. */
  giveFeedback: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/feedback';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** The anomaly of the alarm. */
      anomaly: string;
      verdict: 'confirmed' | 'false';
      /** Why, in words. */
      reason?: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Withholds alarms of the asset until a time. The reason is needed, and so is the end. */
  shelve: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/shelvings';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** Only of this rule; `*` stands for any letters. */
      rule?: string;
      /** Only of this signal. */
      signal?: string;
      /** Only of this measuring point. */
      point?: string;
      /** RFC 3339, or milliseconds since 1970. */
      until: string;
      /** Why, in words. */
      reason: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Ends shelving before its time. */
  unshelve: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/shelvings/end';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** Only of this rule; `*` stands for any letters. */
      rule?: string;
      /** Only of this signal. */
      signal?: string;
      /** Only of this measuring point. */
      point?: string;
      /** Why, in words. */
      reason?: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Withholds alarms of the asset until somebody puts them back in service. */
  takeOutOfService: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/outages';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** Only of this rule; `*` stands for any letters. */
      rule?: string;
      /** Only of this signal. */
      signal?: string;
      /** Only of this measuring point. */
      point?: string;
      /** Why, in words. */
      reason: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Puts alarms back in service. */
  putInService: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/outages/end';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** Only of this rule; `*` stands for any letters. */
      rule?: string;
      /** Only of this signal. */
      signal?: string;
      /** Only of this measuring point. */
      point?: string;
      /** Why, in words. */
      reason?: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Reports what was seen at the machine: a problem of its own, with a request. */
  report: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/reports';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      /** What was seen, heard or smelt. */
      text: string;
      component?: string;
      severity?: 'notice' | 'warning' | 'alarm' | 'danger';
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Server-sent events: `change` names what rows that landed are about, `reset` says that everything has to be read anew. The id of an event is its sequence in ANDON_LIVE: with `Last-Event-ID` the stream goes on where it broke off. */
  followChanges: {
    method: 'GET';
    url: '/api/v1/live';
    path: Record<never, never>;
    query: {
      after?: number;
    };
    body: undefined;
    answer: undefined;
  };
  /** This description. */
  getDescription: {
    method: 'GET';
    url: '/api/v1/openapi.json';
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Record<string, unknown>;
  };
};
