// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.

export type ActsOperations = {
  /** Has a request sent again: what is there already is changed, not doubled. Asking twice is asking once. */
  resendRequest: {
    method: 'POST';
    url: '/api/v1/requests/{id}/resends';
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** Why, for the audit stream. */
      reason?: string;
    };
    answer: {
      id: string;
    };
  };
  /** Has a command sent again: what is there already is changed, not doubled. Asking twice is asking once. */
  resendCommand: {
    method: 'POST';
    url: '/api/v1/commands/{id}/resends';
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** Why, for the audit stream. */
      reason?: string;
    };
    answer: {
      id: string;
    };
  };
  /** Takes an exception, says that it is solved or waived, or gives it back. */
  handleException: {
    method: 'POST';
    url: '/api/v1/exceptions/{id}/states';
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** open: it is given back. */
      state: 'open' | 'taken' | 'solved' | 'waived';
      /** What was done, or why it may stay as it is. Needed where it is waived. */
      reason?: string;
      /** Whose it is from now on, where it is taken; without it, of who asks. */
      owner?: string;
      /** The state that was on the screen: if it is another one by now, nothing is done. */
      seen?: 'open' | 'taken' | 'solved' | 'waived';
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
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
  /** Answers what a workflow asks people. What nobody is asked, or somebody else, is a dead letter. */
  decide: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/decisions';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      request: string;
      /** Of the workflow, which asks. */
      step: string;
      decision: 'approve' | 'refuse' | 'keep' | 'undo';
      /** What the steps behind it go by: its question says which. */
      values?: Record<string, string | number>;
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
      /** That was kept of this asset. */
      photo?: string;
    };
    answer: {
      stream: string;
      /** Of the act in the log. `live` tells when it has landed. */
      sequence: number;
    };
  };
  /** Comments on a request of the asset: it stands in its story, and changes nothing. */
  comment: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/comments';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: {
      request: string;
      text: string;
      /** That was kept of this asset. */
      photo?: string;
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
  /** Keeps a photo of the asset, of at most 700000 bytes: a report or comment may then name it. */
  keepPhoto: {
    method: 'POST';
    url: '/api/v1/assets/{plant}/{line}/{asset}/photos';
    path: {
      plant: string;
      line: string;
      asset: string;
    };
    query: Record<never, never>;
    body: Blob;
    answer: {
      /** The same photo of the same asset is one. */
      photo: string;
    };
  };
  /** Pauses a detector until a time: its alarms are shelved at each of its assets within reach of the account. */
  pauseRule: {
    method: 'POST';
    url: '/api/v1/plants/{plant}/rules/{rule}/pauses';
    path: {
      plant: string;
      /** A detector of the rules in force. */
      rule: string;
    };
    query: Record<never, never>;
    body: {
      /** RFC 3339, or milliseconds since 1970. */
      until: string;
      /** Why, in words. */
      reason: string;
    };
    answer: {
      /** Where it is so from now on: at each an act is in the log. */
      assets: Array<{
        line: string;
        asset: string;
      }>;
    };
  };
  /** Ends the pause of a detector before its time. */
  resumeRule: {
    method: 'POST';
    url: '/api/v1/plants/{plant}/rules/{rule}/pauses/end';
    path: {
      plant: string;
      /** A detector of the rules in force. */
      rule: string;
    };
    query: Record<never, never>;
    body: {
      reason?: string;
    };
    answer: {
      /** Where it is so from now on: at each an act is in the log. */
      assets: Array<{
        line: string;
        asset: string;
      }>;
    };
  };
};
