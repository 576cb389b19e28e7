// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type RequestsOperations = {
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
        /** Its workflow waits for what a person decides. */
        asks: boolean;
      }>;
      /** The cursor of the next page; null at the end. */
      next: string | null;
    };
  };
  /** One request as a story: evidence, revisions, statuses, acts, steps of its workflow; and where it stands in the CMMS. */
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
        /** Its workflow waits for what a person decides. */
        asks: boolean;
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
        /** step: of its workflow, with what a system answered. */
        kind: 'anomaly' | 'event' | 'revision' | 'status' | 'act' | 'step';
        title: string;
        text: string;
        /** How far a step is, or what happened to it; empty for all others. */
        state: string;
        /** That was asked, with the id of its object; empty for none. */
        system: string;
        /** Id of the anomaly, action of the revision, status, type of the act, object. */
        about: string;
        signal: string;
        /** Measuring point, where the signal is a feature of its bursts. */
        point: string;
        value: number | null;
        limit: number | null;
        unit: string;
        /** Opaque id of the person; empty where it was none. */
        who: string;
        /** Id of a photo of the asset that came with it; empty for none. */
        photo: string;
        /** Of the person; empty where none is known. */
        name: string;
      }>;
      /** Patterns that it rests on, with the events that they took: the latest 10. */
      matches: Array<{
        rule: string;
        start: string;
        end: string;
        /** When it was complete. */
        time: string;
        /** Milliseconds that all of it may take. */
        within: number | null;
        /** It began, and its time ran out. */
        timed_out: boolean;
        /** In their order. */
        stages: Array<{
          name: string;
          /** Which events it takes (CEL); empty where the rules in force do not say. */
          where: string;
          /** What it would take did not come: that is what it waited for. */
          absent: boolean;
          /** Milliseconds since the event before, at most. */
          within_previous: number | null;
          /** Events that it took. */
          taken: number;
          /** The first 20 of them. */
          events: Array<{
            time: string;
            kind: string;
            about: string;
            text: string;
          }>;
        }>;
      }>;
      /** What its workflow waits for people to decide. */
      decisions: Array<{
        step: string;
        question: string;
        since: string;
        /** keep, undo: it was done after its deadline, and stays or is taken back. */
        answers: Array<'approve' | 'refuse' | 'keep' | 'undo'>;
        /** What the steps behind it go by, beside the decision: the act may give it. */
        values: Array<string>;
        /** Whoever asks is among those who may answer it. */
        yours: boolean;
      }>;
      /** Null before anything was sent. */
      delivery: {
        state: 'waiting' | 'sent' | 'rejected';
        /** Its number in the CMMS. */
        remote: string | null;
        status: 'requested' | 'accepted' | 'scheduled' | 'started' | 'completed' | 'closed' | 'rejected' | 'cancelled' | null;
        attempts: number;
        /** Of the last attempt. */
        note: string;
      } | null;
    };
  };
  /** A photo of the asset, for whoever sees its line. */
  getPhoto: {
    method: 'GET';
    url: '/api/v1/assets/{plant}/{line}/{asset}/photos/{photo}';
    path: {
      plant: string;
      line: string;
      asset: string;
      photo: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
};
